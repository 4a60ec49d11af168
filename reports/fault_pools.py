"""Which pool did a fault exhaust?  By Little's law, over the time for which it was armed.

A delay that is held inside a transaction takes a connection with it: a pool of 10 held 0.1 s each
time carries 100 a second, and its size decides what is lost beyond that.  Counters of pools cover
the whole measured window; what the matched run took outside the fault's time is taken off.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from contract.run_record import TrialRecord
from reports.confounds.little import PoolLoad, is_out_of_cpu, worst_of
from reports.strips import fault_of, window_of


def exhausted_pools(broken: Sequence[TrialRecord],
                    matched: Sequence[TrialRecord]) -> tuple[PoolLoad, ...]:
    """The pools that one fault exhausted in one store: each in its worst trial, with the number
    of trials.  Where the processor was used up every queue fills, so such trials say nothing."""
    found: dict[str, list[PoolLoad]] = {}
    for trial in broken:
        for load in _loads(trial, matched) if not is_out_of_cpu(trial) else ():
            if load.is_exhausted:
                found.setdefault(load.pool, []).append(load)
    return tuple(worst_of(loads) for _, loads in sorted(found.items()))


def _loads(trial: TrialRecord, matched: Sequence[TrialRecord]) -> Iterator[PoolLoad]:
    """Pools that were waited for more often than in the matched runs (s, takings a second)."""
    seconds = _armed_s(trial)
    for pool, use in sorted(trial.pools.items()):
        usual = [(one.pools[pool], one.measure_s) for one in matched
                 if pool in one.pools and one.measure_s]
        if not usual or not seconds or not use.size:
            continue
        outside = trial.measure_s - seconds
        busy_s = use.busy_mean * trial.measure_s - outside * float(
            np.mean([one.busy_mean for one, _ in usual]))
        busy_s = min(busy_s, use.size * seconds)  # what is held on after clearing counts, too
        if busy_s <= 0 or use.waited <= np.mean([one.waited for one, _ in usual]):
            continue
        taken = use.taken - outside * float(np.mean([one.taken / s for one, s in usual]))
        taken = max(taken, busy_s / seconds)  # none is held for longer than all the time
        yield PoolLoad(trial.topology, fault_of(trial).name, pool, use.size, busy_s / taken,
                       taken / seconds, use.waited / max(use.taken, 1),
                       use.wait_s * 1000 / use.waited)


def _armed_s(trial: TrialRecord) -> float:
    """For how long the fault was armed within the measured window."""
    armed, cleared = window_of(fault_of(trial))
    end = trial.warmup_s + trial.measure_s
    return max(0.0, min(cleared, end) - max(armed, trial.warmup_s))
