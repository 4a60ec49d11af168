"""A stretch of the plan: given what it has recorded, which group of trials comes next.

Blocks are pure: they know the scenario, and are shown the records of their own trials.  That is
how a run stops on the width of an interval, searches a capacity, measures a rejected pair
again, and goes on after an interruption, all by the same question.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from contract.run_record import TrialRecord
from lab.plan.trials import Phase, PlannedTrial

_OF_A_MATCHED_RUN: Final = 5
"""Times as many retries as others have: a minute of a busy machine must not void a whole part."""


@dataclass(frozen=True, slots=True)
class Group:
    """Trials that are run one after the other, in an order decided by coin.

    `number` counts the groups of a block; `attempt` the measurements of one group; the first
    `done` of the shuffled trials are already recorded.
    """

    trials: list[PlannedTrial]
    number: int
    attempt: int = 0
    done: int = 0
    goes_on: bool = False
    """It belongs to a pair or search that was begun: no time budget holds it up."""


class Block(Protocol):
    """One series of a phase."""

    @property
    def phase(self) -> Phase: ...

    @property
    def series(self) -> str: ...

    def next(self, own: list[TrialRecord]) -> Group | None:
        """Return the next group after these records of the block; None: the block is done."""

    def outlook(self) -> list[PlannedTrial]:
        """Return the trials it will ask for at most (a search: about), for preview and forecast."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Groups that are known before the run; a rejected one is measured again."""

    phase: Phase
    series: str
    groups: tuple[tuple[PlannedTrial, ...], ...]
    retries: int
    is_enough: Callable[[list[TrialRecord]], bool] = lambda _: False
    """Asked after every whole group: stop here?"""

    def next(self, own: list[TrialRecord]) -> Group | None:
        """Go on with the last group, measure it again, or begin another one."""
        number, attempt, last = last_group(own)
        if number < 0:
            return Group(list(self.groups[0]), 0)
        trials = list(self.groups[number])
        if len(last) < len(trials):
            return Group(trials, number, attempt, len(last), goes_on=True)
        if attempt < self._patience(trials) and any(t.status == "rejected" for t in last):
            return Group(trials, number, attempt + 1, goes_on=True)
        if number + 1 >= len(self.groups) or self.is_enough(own):
            return None
        return Group(list(self.groups[number + 1]), number + 1)

    def _patience(self, trials: list[PlannedTrial]) -> int:
        """How often a group is measured again: all faults are compared with their matched run."""
        is_matched = self.phase == "isolation" and trials[0].fault is None
        return self.retries * (_OF_A_MATCHED_RUN if is_matched else 1)

    def outlook(self) -> list[PlannedTrial]:
        """Return all trials, none of them again."""
        return [trial for group in self.groups for trial in group]


def last_group(own: list[TrialRecord]) -> tuple[int, int, list[TrialRecord]]:
    """Return number, attempt and trials of the last recorded group; number -1 before the first."""
    if not own:
        return -1, 0, []
    pair = own[-1].pair
    attempt = own[-1].attempt
    number = len({trial.pair for trial in own}) - 1
    return number, attempt, [t for t in own if (t.pair, t.attempt) == (pair, attempt)]
