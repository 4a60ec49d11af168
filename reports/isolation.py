"""Part three: what a defect in one module does to the features that do not need it.

Availability of a feature = good / scheduled in the fault's window.  Its loss is relative to the
matched run without fault, in the same window.  Blast radius = the mix-weighted loss;
collateral = the same sum over features that do not depend on the broken module.  Prediction: the
oracle's.  Trials are compared within one posture; docs/isolation.md.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from contract.endpoints import FEATURES
from contract.reach import place_of
from contract.run_record import FaultRecord, TrialRecord
from reports.arms import Arms, usable
from reports.fault_pools import exhausted_pools
from reports.guards import Judged
from reports.impact import impact_of
from reports.isolation_results import Availability, FaultResult, Loss, depends, named_in
from reports.losses import (
    Counts,
    counted,
    counts_of,
    halves_of,
    matched_half,
    share_of,
    weighted_loss,
    weights_of,
)
from reports.oracle import Request, away_by, predict
from reports.read import Run
from reports.strips import (
    fault_of,
    in_window,
    matched_to,
    of_journeys,
    strip_of,
    window_of,
)

__all__ = ["Availability", "FaultResult", "Loss", "depends", "measure_isolation"]


def measure_isolation(run: Run, judged: list[Judged], arms: Arms) -> list[FaultResult]:
    """Compute part three from the trials of phase `isolation`: by fault, then by posture."""
    trials = usable(judged, "isolation")
    broken = [(t.fault.name, t.posture) for t in run.record.trials if t.fault]
    names = list(dict.fromkeys(name for name, _ in broken))
    postures = sorted({posture for _, posture in broken})
    return [_measure(run, posture, [t for t in trials if t.posture == posture], arms,
                     _recorded(run, name, posture), len(postures) == 1)
            for name in names for posture in postures if (name, posture) in broken]


def _recorded(run: Run, name: str, posture: str) -> FaultRecord:
    return next(t.fault for t in run.record.trials
                if t.fault and t.fault.name == name and t.posture == posture)


def _voided(run: Run, name: str, posture: str) -> str:
    """Why the last measurement of this fault proves nothing; "" when it does."""
    own = [t for t in run.record.trials
           if t.fault and t.fault.name == name and t.posture == posture]
    return next((fault_of(t).void for t in own if fault_of(t).void
                 and (t.pair, t.attempt) == (own[-1].pair, own[-1].attempt)), "")


def _measure(run: Run, posture: str, trials: list[TrialRecord], arms: Arms,
             fault: FaultRecord, is_only_posture: bool) -> FaultResult:
    availability, strips, losses = [], [], {}
    for topology in arms.all:
        own = [t for t in trials if t.topology == topology and t.fault
               and t.fault.name == fault.name]
        clean = [t for t in trials if t.topology == topology and t.fault is None]
        if not own:
            continue
        asked = [in_window(run.measured(t), fault_of(own[0])) for t in clean]
        window = [counts_of(in_window(run.measured(t), fault_of(t))) for t in own]
        clear = [counts_of(rows) for rows in asked]
        journeys = [counts_of(of_journeys(run.rows(t), fault_of(t))) for t in own]
        theirs = [counts_of(of_journeys(run.rows(t), fault_of(own[0]))) for t in clean]
        expected = _predicted(run, own[0], asked)
        applies = all(fault_of(t).applies for t in own)
        availability += [
            Availability(topology, feature, depends(feature, fault.module),
                         share_of(window, feature), share_of(clear, feature),
                         None if expected is None else expected.get(feature, 0.0), applies,
                         (share_of(journeys, feature), share_of(theirs, feature)))
            for feature in FEATURES]
        strips.append(strip_of(run, own[0]))
        losses[topology] = _loss(run, own, clean, (window, clear, journeys, theirs), expected)
    repeats = min((len(loss.times_fired) for loss in losses.values()), default=0)
    voided = _voided(run, fault.name, posture) if len(losses) < len(arms.all) else ""
    return FaultResult(fault, availability, strips, losses, repeats,
                       _why_void(named_in(fault.name, posture, is_only_posture), voided, losses,
                                 arms), posture, is_only_posture,
                       max((t.replicas for t in trials), default=1))


def _predicted(run: Run, trial: TrialRecord, asked: list[pd.DataFrame]) -> dict[str, float] | None:
    """By the matched runs in the fault's window, `asked`; no row of the broken run is looked at."""
    fault = fault_of(trial)
    requests = [Request(*row) for frame in asked
                for row in frame[list(Request._fields)].itertuples(index=False)]
    armed, cleared = window_of(fault)
    platform = run.record.scenario_resolved.get("platform") or {}
    topologies = run.record.definitions.get("topologies") or {}
    place = place_of(topologies.get(trial.topology, {}), trial.store, fault.module,
                     trial.replicas)
    return predict(fault, place, requests, (cleared - armed) * len(asked), trial.slo_ms,
                   away_by(platform))


def _why_void(name: str, voided: str, losses: dict[str, Loss], arms: Arms) -> str | None:
    wanted = [arms.base, *([arms.rival] if arms.rival else [])]
    absent = [t for t in wanted if t not in losses]
    if absent and voided:
        return f"{name}: void, {voided}."
    if absent:
        return f"{name}: no usable trial on {', '.join(absent)}."
    wanted = [t for t in wanted if losses[t].applies]
    silent = [t for t in wanted if min(losses[t].times_fired) == 0]
    if silent:
        return f"{name}: void, the fault did not fire in {', '.join(silent)}."
    bare = [t for t in wanted if losses[t].blast is None]
    if bare:
        return f"{name}: no matched run without fault that worked on {', '.join(bare)}."
    return None


def _loss(run: Run, own: list[TrialRecord], clean: list[TrialRecord],
          counts: tuple[list[Counts], list[Counts], list[Counts], list[Counts]],
          expected: dict[str, float] | None) -> Loss:
    fault, topology, (window, clear, journeys, theirs) = fault_of(own[0]), own[0].topology, counts
    fired = [fault_of(t).times_fired for t in own]
    if not fault.applies:
        return Loss(topology, None, None, 0.0, None, fired, applies=False)
    independent = [f for f in FEATURES if not depends(f, fault.module)]
    weights = weights_of(clear or window)
    impacts = tuple(impact_of(run, t, matched_to(t, clean)) for t in own)
    places = [[clean.index(one) for one in matched_to(t, clean)] for t in own]
    by_run, theirs_by_run = ([[found[place] for place in own_matched] for own_matched in places]
                             for found in (clear, theirs))
    seen = [one.recovered_s for one in impacts if one.recovered_s is not None]
    return Loss(
        topology,
        weighted_loss(window, clear, FEATURES, weights, by_run),
        weighted_loss(window, clear, independent, weights, by_run),
        None if expected is None else sum(weights[f] * expected.get(f, 0.0) for f in FEATURES),
        float(np.median(seen)) if len(seen) == len(impacts) else None,
        fired,
        impacts=impacts,
        matched_half=matched_half(window, clear, independent, weights),
        counted=counted(window, clear, independent, weights),
        halves=(halves_of(window, clear, FEATURES, weights, by_run),
                halves_of(window, clear, independent, weights, by_run)),
        of_journeys=(weighted_loss(journeys, theirs, FEATURES, weights_of(theirs), theirs_by_run),
                     weighted_loss(journeys, theirs, independent, weights_of(theirs),
                                   theirs_by_run)),
        pools=exhausted_pools(own, clean),
    )
