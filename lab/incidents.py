"""What ends during a trial although nothing was meant to end it, in any part of the run.

The store under load, the others (starting again, they take its cores), the bank and the warden:
whoever of them ends voids the trial, with a reason that names the part and its log.
"""

from __future__ import annotations

import contextlib
import math
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

from contract.run_record import FaultRecord
from lab.deploy.deployment import Deployment
from lab.deploy.stack import Stack
from lab.deploy.supervisor import Key, StackEvent
from lab.errors import LabError

OUTSIDE: Final = ("bank", "warden")
"""Parts of the run that belong to no store."""


class PartError(LabError):
    """A part does not answer any more; the message says what ended and where the logs are."""


class Meaning(Protocol):
    """Which ends in the store under load are meant."""

    def why_not(self, at_s: float, event: StackEvent) -> str:
        """Say why an end, so many seconds after the start of load, was not meant; "" if it was."""


@dataclass(frozen=True, slots=True)
class Meant:
    """What a fault may end in the store under load (`lab.faults.ends`), from when it is armed
    until what it broke is back."""

    fault: FaultRecord
    keys: frozenset[Key]

    def why_not(self, at_s: float, event: StackEvent) -> str:
        """Say why an end, so many seconds after the start of load, was not meant; "" if it was."""
        fault = self.fault
        if (event.part, event.replica) not in self.keys:
            return f"{fault.name} does not end it"
        if fault.armed_at_s is None or at_s < fault.armed_at_s:
            return f"{fault.name} was not armed then"
        if at_s > (math.inf if fault.settled_at_s is None else fault.settled_at_s):
            return f"what {fault.name} broke was back then"
        return ""


class Incidents:
    """A context around the load: hears of exits and restarts in all stacks."""

    def __init__(self, deployment: Deployment, under_load: Stack,
                 meant: Meaning | None = None) -> None:
        self._deployment = deployment
        self._under_load = under_load
        self._meant = meant
        self._noted: list[tuple[float, Stack, StackEvent]] = []
        self._listening = contextlib.ExitStack()
        self._wardens = len(deployment.warden.ends)
        self.t0_s = time.perf_counter()
        """Second 0 of the trial."""

    def note(self, part: str, replica: int, kind: str, detail: str) -> None:
        """Something that the trial itself did."""
        self._hear(self._under_load, StackEvent(part, replica, kind, detail))

    def rows(self, trial: int) -> list[tuple[object, ...]]:
        """Everything heard, in the columns of contract.results.EVENTS."""
        return [(trial, at_s - self.t0_s, stack.topology.name, event.part, event.replica,
                 event.kind, event.detail) for at_s, stack, event in self._noted]

    def reasons(self, folder: Path) -> list[str]:
        """Say of every end that was not meant which part it was and where its log is.

        Log files are named below `folder`.
        """
        return [self._words(at_s, stack, event, folder) for at_s, stack, event in self._noted
                if event.kind == "exit" and not self._is_meant(at_s, stack, event)]

    def repair(self) -> None:
        """Bring back what ended by itself, so that books can be read.  Raises StartError."""
        for stack in self._deployment.stacks:
            if any(of is stack and event.kind == "exit" and not self._is_meant(at_s, of, event)
                   for at_s, of, event in self._noted):
                stack.bring_up()

    def __enter__(self) -> Self:
        for stack in self._deployment.stacks:
            self._listening.enter_context(stack.listening(partial(self._hear, stack)))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._listening.close()
        if error is None:
            self._look()

    def _look(self) -> None:
        """Note what nobody tells: who ended in the last instant, the bank, the warden."""
        for stack in self._deployment.stacks:
            heard = {(event.part, event.replica) for _, of, event in self._noted
                     if of is stack and event.kind == "exit"}
            for key in set(stack.dead()) - heard:
                code = stack.processes[key].popen.returncode
                self._hear(stack, StackEvent(*key, "exit", f"code {code}"))
        if (code := self._deployment.bank.revive()) is not None:
            self.note("bank", 0, "exit", f"code {code}")
        for code in self._deployment.warden.ends[self._wardens:]:
            self.note("warden", 0, "exit", f"code {code}")

    def _hear(self, stack: Stack, event: StackEvent) -> None:
        self._noted.append((time.perf_counter(), stack, event))

    def _is_meant(self, at_s: float, stack: Stack, event: StackEvent) -> bool:
        return (self._meant is not None and stack is self._under_load
                and not self._meant.why_not(at_s - self.t0_s, event))

    def _words(self, at_s: float, stack: Stack, event: StackEvent, folder: Path) -> str:
        whose = "" if event.part in OUTSIDE else f" of {stack.topology.name}"
        process = (self._deployment.bank.process if event.part == "bank"
                   else stack.processes.get((event.part, event.replica)))
        log = f", see {process.log.relative_to(folder)}" if process else ""
        why = (f"; {self._meant.why_not(at_s - self.t0_s, event)}"
               if self._meant and stack is self._under_load else "")
        return (f"{event.part} (replica {event.replica}){whose} ended with {event.detail}"
                f"{log}{why}")


def blame(deployment: Deployment, failed: Exception) -> PartError:
    """Say which parts are dead after a database or a store did not answer."""
    dead = [f"{key[0]} (replica {key[1]}) of {stack.topology.name}"
            for stack in deployment.stacks for key in stack.dead()]
    what = f"ended: {', '.join(dead)}" if dead else "none has ended just now"
    said = " ".join(str(failed).split())
    return PartError(f"a part of the run does not answer ({type(failed).__name__}: {said}); "
                     f"{what}; logs: {deployment.logs}")
