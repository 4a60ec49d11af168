"""What is compared with what: the topologies of a run, and which of their trials count."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from contract.run_record import RunRecord, TrialRecord
from reports.guards import Judged

CONTROL: Final = "colocated"
"""The topology that runs the services' code in one process: it calls over no socket."""


@dataclass(frozen=True, slots=True)
class Arms:
    """`base` and `rival` are compared in every sentence; `others` are shown beside them."""

    base: str
    rival: str | None
    others: tuple[str, ...]

    @property
    def all(self) -> list[str]:
        return [self.base, *([self.rival] if self.rival else []), *self.others]

    @property
    def in_order(self) -> list[str]:
        """From the base by way of the controls to the rival."""
        return [self.base, *self.others, *([self.rival] if self.rival else [])]


def arms_among(arms: Arms, names: list[str]) -> Arms:
    """The same comparison where only some topologies were measured; controls stand in."""
    found = [name for name in arms.in_order if name in names]
    base = found[0] if found else arms.base
    rest = [name for name in found if name != base]
    rival = arms.rival if arms.rival in rest else next(iter(rest), None)
    return Arms(base, rival, tuple(name for name in rest if name != rival))


def series_of(judged: list[Judged], phase: str) -> list[str]:
    """Names of a phase's series in the order in which they were measured."""
    return list(dict.fromkeys(one.trial.series for one in judged if one.trial.phase == phase))


def find_arms(record: RunRecord) -> Arms:
    """The first monolith is the base, the first other topology that is not a control its rival."""
    order = list(dict.fromkeys([*record.topologies, *(t.topology for t in record.trials)]))
    stores = {trial.topology: trial.store for trial in record.trials}
    base = next((name for name in order if stores.get(name, name) == "monolith"),
                order[0] if order else "monolith")
    rest = [name for name in order if name != base]
    rival = next((name for name in rest if name != CONTROL), rest[0] if rest else None)
    return Arms(base, rival, tuple(name for name in rest if name != rival))


Pairs = list[dict[str, TrialRecord]]


def pairs_of(judged: list[Judged], topologies: list[str],
             wanted: Callable[[TrialRecord], bool]) -> Pairs:
    """Pairs whose trials were measured next to each other and not rejected, of the last attempt."""
    attempts = _by_attempt(
        judged, lambda trial: wanted(trial) and not trial.is_aa, lambda trial: trial.topology)
    return [group for group in attempts.values() if all(name in group for name in topologies)]


def aa_pairs_of(judged: list[Judged], wanted: Callable[[TrialRecord], bool] = lambda _: True
                ) -> list[tuple[TrialRecord, TrialRecord]]:
    """Pairs of a store with itself, first arm first, of the last attempt and not rejected."""
    attempts = _by_attempt(judged, lambda trial: trial.is_aa and wanted(trial),
                           lambda trial: trial.arm)
    return [(group["a"], group["b"]) for group in attempts.values() if len(group) == 2]


def _by_attempt(judged: list[Judged], wanted: Callable[[TrialRecord], bool],
                arm: Callable[[TrialRecord], str]
                ) -> dict[tuple[int, int], dict[str, TrialRecord]]:
    """Trials that count by (pair, attempt), in this order, then by arm."""
    groups: dict[tuple[int, int], dict[str, TrialRecord]] = {}
    is_last = last_attempts(one.trial for one in judged)
    for one in judged:
        trial = one.trial
        if wanted(trial) and one.status != "rejected" and is_last(trial):
            groups.setdefault((trial.pair, trial.attempt), {})[arm(trial)] = trial
    return dict(sorted(groups.items()))


def last_attempts(trials: Iterable[TrialRecord]) -> Callable[[TrialRecord], bool]:
    """Say of each of these trials, rejected ones included, whether it counts.

    Of a group that was measured again only the last attempt does: what was good in the one before
    has the same journeys, and would count twice for some stores alone.
    """
    last: dict[tuple[str, str, int], int] = {}
    for trial in trials:
        last[_group(trial)] = max(last.get(_group(trial), 0), trial.attempt)
    return lambda trial: trial.attempt == last[_group(trial)]


def _group(trial: TrialRecord) -> tuple[str, str, int]:
    return trial.phase, trial.series, trial.pair


def usable(judged: list[Judged], phase: str) -> list[TrialRecord]:
    """Trials of a phase that were not rejected, A/A ones included, of the last attempt."""
    is_last = last_attempts(one.trial for one in judged)
    return [one.trial for one in judged if one.trial.phase == phase
            and one.status != "rejected" and is_last(one.trial)]
