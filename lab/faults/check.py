"""The manipulation check: did a fault act and meet something in both stores, at the same dose,
equally long?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import Final

from contract.run_record import FaultRecord, TrialRecord

_SIGMAS: Final = 3.0
_LEAST: Final = 0.02
"""Doses this close are never called unequal."""
_POISON: Final = 0.5
"""Of the larger dose, the same for poison: popular products are drawn again and again, so draws
depend, and it is a share because a rare poison is not equal to none."""
_LENGTH: Final = 0.1
_LEAST_S: Final = 0.5


def check_pair(records: Sequence[TrialRecord]) -> dict[int, str]:
    """Return why trials of a group (one fault, every topology) prove nothing, by trial id.

    The reasons are also written into `fault.void`.  A store without the fault's place is left out:
    there the prediction is "can't happen", and nothing acted.
    """
    broken = [(t, t.fault) for t in records if t.fault is not None and t.fault.applies]
    found = [f"{t.topology}: {why}" for t, fault in broken
             if (why := _why_silent(fault) or _why_without_effect(t, fault))]
    if not found:
        found = [why for one, other in combinations(broken, 2) if (why := _why_unequal(*one,
                                                                                       *other))]
    if not found:
        return {}
    reason = "; ".join(found)
    for _, fault in broken:
        fault.void = reason
    return {trial.id: reason for trial, _ in broken}


def _why_silent(fault: FaultRecord) -> str:
    if fault.void:
        return fault.void
    if fault.armed_at_s is None:
        return f"{fault.name} was never armed"
    if fault.times_fired:
        return ""
    if not fault.chances:
        return f"{fault.name} did not act: nothing passed its place while it was armed"
    return f"{fault.name} did not act, in {fault.chances} chances"


def _why_without_effect(trial: TrialRecord, fault: FaultRecord) -> str:
    """What acted may still have met nothing: a leak nobody's limit, a broken way no request."""
    if fault.kind == "pool":
        return _why_not_exhausted(trial, fault)
    if fault.kind == "leak" and not trial.oom_kills:
        limit = (f"the budget of {trial.memory_budget_mb} MiB was not reached, or is not enforced "
                 "here" if trial.memory_budget_mb else "no memory budget is set")
        return f"{fault.name} ended nothing for want of memory: {limit}"
    if fault.met == 0:
        return f"{fault.name} met nothing: no request that needs its place was sent meanwhile"
    return ""


def _why_not_exhausted(trial: TrialRecord, fault: FaultRecord) -> str:
    """A pool is exhausted once the fault holds all of it: what others had has come back by then."""
    pool = next((trial.pools[name] for name in (f"{fault.module}/connections",
                                                "monolith/connections") if name in trial.pools),
                None)
    if pool is None:
        return f"{fault.name}: nobody counted the connections of its pool"
    if fault.times_fired < pool.size:
        return (f"{fault.name} held {fault.times_fired} of {pool.size} connections: its pool was "
                "not exhausted")
    return ""


def _why_unequal(trial: TrialRecord, fault: FaultRecord, rival: TrialRecord,
                 other: FaultRecord) -> str:
    if fault.kind == "poison" and trial.seed != rival.seed:
        return (f"other contents were poisonous in {trial.topology} than in {rival.topology}: "
                f"seeds {trial.seed} and {rival.seed}")
    doses = (dose_of(fault), dose_of(other))
    is_bounded = fault.kind == "pool"  # by the size of the pool: hits found it empty later
    if not is_bounded and abs(doses[0] - doses[1]) > _tolerance(fault, other):
        return (f"dose {doses[0]:.2f} in {trial.topology} "
                f"({fault.times_fired} of {fault.chances}) against {doses[1]:.2f} in "
                f"{rival.topology} ({other.times_fired} of {other.chances})")
    lengths = (_length_s(fault), _length_s(other))
    if abs(lengths[0] - lengths[1]) > max(_LEAST_S, _LENGTH * max(lengths)):
        return (f"{fault.name} lasted {lengths[0]:.1f} s in {trial.topology} against "
                f"{lengths[1]:.1f} s in {rival.topology}")
    return ""


def dose_of(fault: FaultRecord) -> float:
    """Return the share of its chances at which a fault acted; 1 where chances are not counted."""
    return fault.times_fired / fault.chances if fault.chances else 1.0


def _tolerance(fault: FaultRecord, other: FaultRecord) -> float:
    """Three standard errors of the difference of two shares, pooled."""
    least = _LEAST
    if fault.kind == "poison":
        least = max(least, _POISON * max(dose_of(fault), dose_of(other)))
    if not (fault.chances and other.chances):
        return least
    share = (fault.times_fired + other.times_fired) / (fault.chances + other.chances)
    error = math.sqrt(share * (1 - share) * (1 / fault.chances + 1 / other.chances))
    return max(least, _SIGMAS * error)


def _length_s(fault: FaultRecord) -> float:
    return (fault.cleared_at_s or 0.0) - (fault.armed_at_s or 0.0)
