"""What is compared with what: the topologies of a run, and which of their trials count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from contract.run_record import RunRecord, TrialRecord
from reports.guards import Judged


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
    rival = next((name for name in rest if name != "colocated"), rest[0] if rest else None)
    return Arms(base, rival, tuple(name for name in rest if name != rival))


Pairs = list[dict[str, TrialRecord]]


def pairs_of(judged: list[Judged], topologies: list[str],
             wanted: Callable[[TrialRecord], bool]) -> Pairs:
    """Pairs whose trials were measured next to each other and not rejected (the last attempt)."""
    attempts = _by_attempt(
        judged, lambda trial: wanted(trial) and not trial.is_aa, lambda trial: trial.topology)
    whole = {pair: group for (pair, _), group in attempts.items()
             if all(name in group for name in topologies)}
    return list(whole.values())


def aa_pairs_of(judged: list[Judged], wanted: Callable[[TrialRecord], bool] = lambda _: True
                ) -> list[tuple[TrialRecord, TrialRecord]]:
    """Pairs of the same store with itself, first arm first, rejected ones left out."""
    attempts = _by_attempt(judged, lambda trial: trial.is_aa and wanted(trial),
                           lambda trial: trial.arm)
    whole = {pair: group for (pair, _), group in attempts.items() if len(group) == 2}
    return [(group["a"], group["b"]) for group in whole.values()]


def _by_attempt(judged: list[Judged], wanted: Callable[[TrialRecord], bool],
                arm: Callable[[TrialRecord], str]
                ) -> dict[tuple[int, int], dict[str, TrialRecord]]:
    """Trials that were not rejected by (pair, attempt), in this order, then by arm."""
    groups: dict[tuple[int, int], dict[str, TrialRecord]] = {}
    for one in judged:
        trial = one.trial
        if wanted(trial) and one.status != "rejected":
            groups.setdefault((trial.pair, trial.attempt), {})[arm(trial)] = trial
    return dict(sorted(groups.items()))


def usable(judged: list[Judged], phase: str) -> list[TrialRecord]:
    """Trials of a phase that were not rejected, A/A ones included.

    Of a pair that was measured again only the last attempt: what was good in the one before has
    the same journeys, and would count twice for one store alone.
    """
    last: dict[tuple[str, int], int] = {}
    for one in judged:
        where = one.trial.series, one.trial.pair
        if one.trial.phase == phase:
            last[where] = max(last.get(where, 0), one.trial.attempt)
    return [one.trial for one in judged
            if one.trial.phase == phase and one.status != "rejected"
            and one.trial.attempt == last[one.trial.series, one.trial.pair]]
