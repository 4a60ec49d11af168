"""What a store's running programs are, counted: the points they are entered at, the settings they
are told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from contract.faults import FAULTS_ENV, FIRED_ENV
from contract.instruments import METRICS_ENV
from lab.deploy.processes import Command
from lab.deploy.warden import MARK

_OF_THE_LAB: Final = frozenset({MARK, FAULTS_ENV, FIRED_ENV, METRICS_ENV})
"""A shop that nobody measures or breaks would not have them."""
_PREFIX: Final = "TWINSTORE_"
_ENTERED_BY: Final = "--factory"


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
