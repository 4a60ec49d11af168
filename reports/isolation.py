"""Part three: what a defect in one module does to the features that do not need it.

Availability of a feature = good / scheduled in the fault's window.  Its loss is relative to the
matched run without fault, in the same window.  Blast radius = the mix-weighted loss;
collateral = the same sum over features that do not depend on the broken module.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from contract.endpoints import DEPENDS_ON, FEATURES
from contract.run_record import FaultRecord, TrialRecord
from reports.arms import Arms, usable
from reports.estimate import Estimate, attainment, mean_of
from reports.guards import Judged
from reports.read import Run
from reports.strips import Strip, fault_of, in_window, recovery_s, strip_of, window_of

_ONE_RUN: Final = "one run: counting error only, run-to-run noise not included"


@dataclass(frozen=True, slots=True)
class Availability:
    """One feature on one topology: with the fault, and in the matched run without."""

    topology: str
    feature: str
    depends: bool
    with_fault: Estimate | None
    matched: Estimate | None


@dataclass(frozen=True, slots=True)
class Loss:
    """Shares of all scheduled requests lost: measured, and what the dependency graph allows."""

    topology: str
    blast: Estimate | None
    collateral: Estimate | None
    expected: float
    recover_s: float | None
    """From cleared to the last bad request of any feature; None: one did not come back."""
    times_fired: list[int]


@dataclass(frozen=True, slots=True)
class FaultResult:
    """One fault on all topologies; `void` says why it can't be compared."""

    fault: FaultRecord
    availability: list[Availability]
    strips: list[Strip]
    losses: dict[str, Loss]
    repeats: int
    void: str | None


def measure_isolation(run: Run, judged: list[Judged], arms: Arms) -> list[FaultResult]:
    """Compute part three from the trials of phase `isolation`, fault by fault."""
    trials = usable(judged, "isolation")
    matched = [t for t in trials if t.fault is None]
    names = list(dict.fromkeys(t.fault.name for t in run.record.trials if t.fault))
    return [_measure(run, name, [t for t in trials if t.fault and t.fault.name == name],
                     matched, arms, _recorded(run, name)) for name in names]


def depends(feature: str, module: str) -> bool:
    """Does the contract let this module's failure reach the feature?"""
    return any(module in needs for name, needs in DEPENDS_ON.items() if name == feature)


def _recorded(run: Run, name: str) -> FaultRecord:
    return next(t.fault for t in run.record.trials if t.fault and t.fault.name == name)


def _measure(run: Run, name: str, broken: list[TrialRecord], matched: list[TrialRecord],
             arms: Arms, fault: FaultRecord) -> FaultResult:
    availability, strips, losses = [], [], {}
    for topology in arms.all:
        own = [t for t in broken if t.topology == topology]
        clean = [t for t in matched if t.topology == topology]
        if not own:
            continue
        window = [in_window(run.measured(t), fault_of(t)) for t in own]
        clear = [in_window(run.measured(t), fault_of(own[0])) for t in clean]
        availability += [
            Availability(topology, feature, depends(feature, fault.module),
                         _share(window, feature), _share(clear, feature)) for feature in FEATURES]
        strips.append(strip_of(run, own[0]))
        losses[topology] = _loss(run, topology, own, window, clear)
    return FaultResult(fault, availability, strips, losses,
                       min((sum(t.topology == name for t in broken) for name in losses),
                           default=0), _why_void(name, losses, arms))


def _why_void(name: str, losses: dict[str, Loss], arms: Arms) -> str | None:
    wanted = [arms.base, *([arms.rival] if arms.rival else [])]
    absent = [t for t in wanted if t not in losses]
    if absent:
        return f"{name}: no usable trial on {', '.join(absent)}."
    silent = [t for t in wanted if min(losses[t].times_fired) == 0]
    if silent:
        return f"{name}: void, the fault did not fire in {', '.join(silent)}."
    bare = [t for t in wanted if losses[t].blast is None]
    if bare:
        return f"{name}: no matched run without fault that worked on {', '.join(bare)}."
    return None


def _share(frames: list[pd.DataFrame], feature: str) -> Estimate | None:
    own = [frame.loc[frame["feature"].to_numpy() == feature, "good"] for frame in frames]
    return attainment(sum(int(good.sum()) for good in own), sum(len(good) for good in own))


def _loss(run: Run, topology: str, own: list[TrialRecord], window: list[pd.DataFrame],
          clear: list[pd.DataFrame]) -> Loss:
    fault = fault_of(own[0])
    independent = [f for f in FEATURES if not depends(f, fault.module)]
    weights = _weights(clear or window)
    waits = [recovery_s(run.rows(t), window_of(fault_of(t))[1]) for t in own]
    seen = [wait for wait in waits if wait is not None]
    return Loss(
        topology,
        _weighted(window, clear, FEATURES, weights),
        _weighted(window, clear, independent, weights),
        fault.dose * sum(weights[f] for f in FEATURES if depends(f, fault.module)),
        float(np.median(seen)) if len(seen) == len(waits) else None,
        [fault_of(t).times_fired for t in own],
    )


def _weights(frames: list[pd.DataFrame]) -> dict[str, float]:
    sizes = {f: sum(int((frame["feature"].to_numpy() == f).sum()) for frame in frames)
             for f in FEATURES}
    total = sum(sizes.values())
    return {f: n / total if total else 0.0 for f, n in sizes.items()}


def _weighted(window: list[pd.DataFrame], clear: list[pd.DataFrame], features: Sequence[str],
              weights: dict[str, float]) -> Estimate | None:
    """Repeats: mean of their sums with a t interval.  One run: the counting error."""
    if not clear or any(m.value == 0 for f in FEATURES if (m := _share(clear, f))):
        return None  # nothing worked without the fault: there is no loss to speak of
    if len(window) > 1:
        sums = [_sum([one], clear, features, weights)[0] for one in window]
        return mean_of(sums, "share of requests")
    value, variance = _sum(window, clear, features, weights)
    half = 1.96 * math.sqrt(variance)
    return Estimate(value, value - half, min(value + half, 1.0), sum(len(w) for w in window),
                    "share of requests", "delta method on counts", (_ONE_RUN,))


def _sum(window: list[pd.DataFrame], clear: list[pd.DataFrame], features: Sequence[str],
         weights: dict[str, float]) -> tuple[float, float]:
    """Weighted loss and its variance; features without a request in the window are left out
    and the weights of the others scaled up."""
    value = variance = 0.0
    shares = {f: (broken, matched) for f in FEATURES
              if (broken := _share(window, f)) and (matched := _share(clear, f))}
    known = sum(weights[f] for f in shares)
    for feature in features:
        if feature not in shares or known == 0:
            continue
        broken, matched = shares[feature]
        a, m = broken.value, matched.value
        weight = weights[feature] / known
        value += weight * (1 - a / m)
        spread = _variance(broken) / m**2 + a**2 * _variance(matched) / m**4
        variance += weight**2 * spread
    return value, variance


def _variance(share: Estimate) -> float:
    """Of a binomial share, two successes and two failures added so that 0 of n is not certain."""
    n = share.n + 4
    p = (share.value * share.n + 2) / n
    return p * (1 - p) / n
