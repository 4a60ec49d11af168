"""What each part takes of a thousand good requests, and what crosses between parts.

Bytes are HTTP with its heads, as the proxy counted them; a call between services stands at the
part that was asked.  Bytes to the databases and to the bank are not counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from contract.run_record import EDGE, TrialRecord
from reports.demand import named, whole
from reports.estimate import Estimate, mean_of
from reports.tally import Tally

_POOL: Final = "connections"


@dataclass(frozen=True, slots=True)
class PartUse:
    """One part, means over trials, per 1,000 good requests.

    None: not recorded in every trial, or the part has nothing of the kind.
    """

    cpu_s: float
    gb_s: float
    connection_s: float | None
    """Database connections that it held, busy or not, × the window."""
    busy_s: float | None
    """The same of those in use (their pools' busy seconds)."""
    mb_received: float | None
    mb_sent: float | None
    mb_calls: float | None
    """Requests of other services and the answers to them."""


@dataclass(frozen=True, slots=True)
class PartBill:
    """All parts of one topology in one series; estimates per 1,000 good requests."""

    topology: str
    series: str
    workload: str
    trials: int
    cpu_s: float
    """Of the whole architecture, as `gb_s`: less than the parts' sum where they share pages."""
    gb_s: float
    parts: dict[str, PartUse]
    mb_between: Estimate | None
    """What crosses between services, requests and answers; 0 without such calls."""
    mb_asked: Estimate | None
    """What visitors sent."""
    mb_answered: Estimate | None
    """What visitors got."""


def bill_parts(trials: Sequence[TrialRecord], counts: Mapping[int, Tally]) -> PartBill | None:
    """Divide the trials of one topology in one series; every one has costs and good requests."""
    if not trials:
        return None
    per_1000 = {trial.id: 1000 / counts[trial.id].done for trial in trials}
    each = [_parts(trial, per_1000[trial.id]) for trial in trials]
    names = sorted({name for parts in each for name in parts})
    used = [(cost.cpu_s * per_1000[trial.id],
             cost.memory_bytes / 1e9 * trial.measure_s * per_1000[trial.id])
            for trial in trials if (cost := whole(trial))]
    cpu_s, gb_s = np.mean(used, axis=0)
    return PartBill(
        trials[0].topology, trials[0].series, trials[0].workload, len(trials),
        float(cpu_s), float(gb_s),
        {name: _mean([parts[name] for parts in each if name in parts]) for name in names},
        *(_estimate([_edge(trial, which, per_1000[trial.id]) for trial in trials])
          for which in ("between", "received", "sent")))


def bytes_between(trial: TrialRecord) -> int | None:
    """Bytes that crossed between services, requests and answers; None: not recorded."""
    if not trial.traffic:
        return None
    return sum(part.calls_received + part.calls_sent for part in trial.traffic.values())


def _edge(trial: TrialRecord, which: str, k: float) -> float | None:
    if which == "between":
        count = bytes_between(trial)
    else:
        edge = trial.traffic.get(EDGE)
        count = getattr(edge, which) if edge else None
    return None if count is None else count / 1e6 * k


def _parts(trial: TrialRecord, k: float) -> dict[str, PartUse]:
    return {name: PartUse(
        cost.cpu_s * k, cost.memory_bytes / 1e9 * trial.measure_s * k,
        *_connections(trial, name, k), *_megabytes(trial, name, k))
        for name, cost in named(trial).items()}


def _connections(trial: TrialRecord, part: str, k: float) -> tuple[float | None, float | None]:
    """Return connection-seconds held, and those of them in use."""
    seconds = trial.measure_s * k
    held = trial.connections_by_part.get(part)
    busy = [pool.busy_mean for name, pool in trial.pools.items()
            if name.startswith(f"{part}/") and name.endswith(_POOL)]
    return (None if held is None else held * seconds), (sum(busy) * seconds if busy else None)


def _megabytes(trial: TrialRecord, part: str,
               k: float) -> tuple[float | None, float | None, float | None]:
    seen = trial.traffic.get(part)
    if seen is None:
        return None, None, None
    calls = None if part == EDGE else (seen.calls_received + seen.calls_sent) / 1e6 * k
    return seen.received / 1e6 * k, seen.sent / 1e6 * k, calls


def _mean(uses: Sequence[PartUse]) -> PartUse:
    def mean(field: str) -> float | None:
        values = [getattr(use, field) for use in uses]
        return None if None in values else float(np.mean(values))

    cpu_s, gb_s = mean("cpu_s"), mean("gb_s")
    assert cpu_s is not None
    assert gb_s is not None
    return PartUse(cpu_s, gb_s, *(mean(field) for field in (
        "connection_s", "busy_s", "mb_received", "mb_sent", "mb_calls")))


def _estimate(values: list[float | None]) -> Estimate | None:
    """Over all trials, or nothing: a mean of those that have a number would be another thing."""
    known = [value for value in values if value is not None]
    return mean_of(known, "MB / 1,000 good") if len(known) == len(values) else None
