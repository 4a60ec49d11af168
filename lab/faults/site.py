"""Where a fault is armed: one store, and what all stores share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from lab.deploy.deployment import Deployment
from lab.deploy.stack import Stack
from lab.deploy.supervisor import Key
from lab.errors import LabError

_WHOLE: Final = ("monolith", "colocated")
"""Programs that run every module."""


class FaultError(LabError):
    """A fault can't be armed, or what it broke does not come back."""


@dataclass(frozen=True, slots=True)
class Site:
    """A store under load.  `seed`: of the trial, for doses and choices."""

    deployment: Deployment
    stack: Stack
    seed: int

    def program_of(self, module: str) -> str:
        """Name the program that runs a module."""
        names = [program.name for program in self.stack.topology.deployables]
        return next((name for name in names if name in _WHOLE), module)

    def replicas_of(self, module: str) -> list[Key]:
        """List the replicas of that program."""
        program = self.program_of(module)
        return sorted(key for key in self.stack.processes if key[0] == program)

    def database_url(self, module: str) -> str:
        """Return the address (as superuser) of the database that has a module's tables."""
        urls = self.stack.database_urls
        return urls.get(module) or urls["monolith"]


class Action(Protocol):
    """One fault on one store.  `fired`, `chances`: as in contract.run_record.FaultRecord."""

    fired: int
    chances: int

    def arm(self) -> float:
        """Begin; return since when it acts (`perf_counter`).

        Raises FaultError, OSError, psycopg.Error when it can't act.
        """

    def clear(self) -> float:
        """End; return when the cause was gone.  Also right when `arm` failed half-way."""

    def settle(self) -> None:
        """Wait until what it broke is back, as far as the platform brings it back."""
