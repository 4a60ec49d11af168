"""Little's law per pool: is it a pool's size that decides, and not the store?

A pool of `size` whose members are held for S seconds carries at most size / S a second, whatever
the processor does; the mean number taken is throughput × S (Little 1961,
doi.org/10.1287/opre.9.3.383).  A pool that is nearly always taken has been measured, not the
architecture.  Where the processor is used up every queue fills, so a full pool counts only while
every part that it may wait for had time left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from contract.run_record import TrialRecord
from reports.guards import Judged
from reports.words import number, percent

FULL: Final = 0.9
"""Share of a pool's size that is taken, on average, from which it is called exhausted."""
WAITED: Final = 0.05
"""Share of takings that had to wait from which the waiting is named."""
SPARE: Final = 0.85
"""Share of the CPU budget (partitioned: of a part's own) below which there was time left."""


@dataclass(frozen=True, slots=True)
class PoolLoad:
    """One pool, in its worst trial of a phase and series."""

    topology: str
    where: str
    """Phase, series and layout."""
    pool: str
    size: int
    hold_s: float
    per_s: float
    """Takings a second."""
    waited: float
    """Share of takings that had to wait."""
    wait_ms: float
    """Mean wait of those that waited."""
    trials: int = 1
    """Trials of this phase and series in which it was so."""
    counts_waiting: bool = True
    """Was the store meant to cope?  Past capacity somebody always waits."""

    @property
    def name(self) -> str:
        """Without the part where that is the store."""
        return self.pool.removeprefix(f"{self.topology}/")

    @property
    def key(self) -> tuple[str, ...]:
        """What is the same when it is found elsewhere."""
        return "pool", self.topology, self.pool

    @property
    def ceiling_per_s(self) -> float:
        """What the pool can carry at most."""
        return self.size / self.hold_s

    @property
    def busy(self) -> float:
        """Mean share of the pool that was taken: throughput over ceiling."""
        return self.per_s / self.ceiling_per_s

    @property
    def is_exhausted(self) -> bool:
        return self.busy >= FULL

    @property
    def is_found(self) -> bool:
        return self.is_exhausted or (self.counts_waiting and self.waited >= WAITED)

    @property
    def sentence(self) -> str:
        """What the pool did, with the numbers it is judged by."""
        what = f"{self.topology}, {self.where}: pool {self.pool} of {self.size}"
        held = (f"held {number(self.hold_s * 1000)} ms each time, carries at most "
                f"{number(self.ceiling_per_s)} a second and carried {number(self.per_s)} "
                f"({percent(self.busy, 0)})")
        if self.is_exhausted:
            return f"{what} was exhausted: {held}. Its size decides, not the architecture."
        if self.is_found:
            return (f"{what} was waited for by {percent(self.waited, 1)} of those who took from "
                    f"it, {number(self.wait_ms)} ms each; {held}.")
        return f"{what}: {held}."


def check_pools(judged: list[Judged]) -> list[PoolLoad]:
    """The worst usable trial of every pool by store, phase and series, the fullest first.

    A fault is meant to change what pools do: reports/fault_pools.py names those it exhausts.
    A store that lacks memory may fill its pools for that alone.
    A trial left early has no window to divide by: how long its load lasted is not recorded
    (docs/decisions/0221-which-trials-tell-of-a-pool.md).
    """
    found: dict[tuple[str, str, str], list[PoolLoad]] = {}
    for one in judged:
        trial = one.trial
        if (one.status == "rejected" or trial.fault is not None or trial.stopped_early
                or trial.lacks_memory or is_out_of_cpu(trial)):
            continue
        for load in _loads(trial):
            found.setdefault((load.topology, load.where, load.pool), []).append(load)
    return sorted((worst_of(loads) for loads in found.values()),
                  key=lambda load: (-load.busy, load.topology, load.where, load.pool))


def worst_of(loads: list[PoolLoad]) -> PoolLoad:
    """One pool's worst trial, with the number of trials in which it was found."""
    worst = max(loads, key=lambda load: (load.is_exhausted, load.is_found, load.busy))
    alike = sum(load.is_found for load in loads) if worst.is_found else len(loads)
    return PoolLoad(worst.topology, worst.where, worst.pool, worst.size, worst.hold_s,
                    worst.per_s, worst.waited, worst.wait_ms, alike, worst.counts_waiting)


def _loads(trial: TrialRecord) -> Iterator[PoolLoad]:
    where = _where(trial)
    for pool, use in sorted(trial.pools.items()):
        if use.taken and use.busy_mean > 0 and use.size and trial.measure_s:
            yield PoolLoad(
                trial.topology, where, pool, use.size,
                use.busy_mean * trial.measure_s / use.taken, use.taken / trial.measure_s,
                use.waited / use.taken, use.wait_s * 1000 / use.waited if use.waited else 0.0,
                counts_waiting=_is_meant_to_cope(trial))


def _where(trial: TrialRecord) -> str:
    """Phase, series and layout: a pool of four is another one as two of two."""
    series = trial.series.split("/")[0] or trial.workload
    way = f", {trial.scaled.replace('_', ' ')}" if trial.scaled else ""
    return f"{trial.phase} {series}{f' × {trial.replicas}' if trial.replicas > 1 else ''}{way}"


def _is_meant_to_cope(trial: TrialRecord) -> bool:
    """No ramp, and no probe that the store failed."""
    if trial.probe is not None:
        return trial.probe.holds is True
    return trial.phase not in ("capacity", "search", "hot")


def is_out_of_cpu(trial: TrialRecord) -> bool:
    """Was the budget used up, so that queues had to fill?  Ramps end there unless it is known.

    In a partitioned budget one part that has used its share is enough: the pools of whoever asks
    it fill as well, with time of their own left.
    """
    budget, total = trial.cpu_budget, trial.cost.get("total")
    if budget is None or total is None or not trial.measure_s:
        return trial.phase in ("capacity", "search", "hot")
    uses = [(total.cpu_s, budget)]
    if trial.budget_mode == "partitioned":
        uses += [(trial.cost[part].cpu_s, cores) for part, cores in trial.shares.items()
                 if cores and part in trial.cost]
    return any(cpu_s / trial.measure_s / cores >= SPARE for cpu_s, cores in uses)
