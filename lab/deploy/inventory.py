"""What runs, for run.json: as started, with the points that programs are entered at and the
settings they are told."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict
from typing import Any, Final

from contract.faults import FAULTS_ENV, FIRED_ENV
from contract.instruments import METRICS_ENV
from contract.posture import POSTURES
from lab.deploy.processes import Command, Process
from lab.deploy.startup import connections_of
from lab.deploy.warden import MARK
from lab.topology import Topology

_OF_THE_LAB: Final = frozenset({MARK, FAULTS_ENV, FIRED_ENV, METRICS_ENV})
"""A shop that nobody measures or breaks would not have them."""
_PREFIX: Final = "TWINSTORE_"
_ENTERED_BY: Final = "--factory"


def describe(topology: Topology, databases: int, is_relayed: bool,
             processes: Collection[Process]) -> dict[str, Any]:
    """Say what runs, for run.json."""
    return {
        "store": topology.store,
        "colocated": topology.colocated,
        "database_servers": topology.database_servers,
        "databases": databases,
        "deployables": {one.name: {"replicas": one.replicas, "threads": one.threads,
                                   "db_connections": one.db_connections}
                        for one in topology.deployables},
        "db_connections": connections_of(topology),
        "relayed": is_relayed,
        "processes": len(processes),
        **inventory(one.command for one in processes),
        "posture": asdict(POSTURES[topology.posture]),
    }


def inventory(commands: Iterable[Command]) -> dict[str, Any]:
    """Entry points, and the number of settings by program; replicas of one program count once.

    Parts that are not programs of the store (proxy, databases) have no entry point.
    """
    programs = {one.part: one for one in commands if _ENTERED_BY in one.argv}
    return {
        "entry_points": sorted(one.argv[one.argv.index(_ENTERED_BY) + 1]
                               for one in programs.values()),
        "settings": {part: len(settings_of(one)) for part, one in sorted(programs.items())},
    }


def settings_of(command: Command) -> list[str]:
    """Variables of the environment that the program is told, the lab's own left out."""
    return sorted(name for name in command.environ
                  if name.startswith(_PREFIX) and name not in _OF_THE_LAB)
