"""What one latency trial cost, in the units of the chapter: what means and ratios are of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from contract.run_record import TrialRecord
from reports.cost_parts import bytes_between
from reports.demand import whole
from reports.price import PriceList, Use
from reports.tally import Tally

WHAT: Final = {
    "cpu_s": "CPU-seconds", "gb_s": "GB·s of memory", "connection_s": "connection-seconds",
    "mb_sent": "MB sent", "money": "money"}
"""Fields of `reports.cost.Cost` in words."""


@dataclass(frozen=True, slots=True)
class TrialCost:
    """One latency trial, in the units of `reports.cost.Cost`; `each` by the keys of `WHAT`."""

    trial: TrialRecord
    good: int
    """Good requests that ended in the measured window."""
    each: dict[str, float | None]


def use_of(trial: TrialRecord, counts: Tally) -> Use:
    """What the whole architecture used in the measured window."""
    cost = whole(trial)
    assert cost is not None
    return Use(cost.cpu_s, cost.memory_bytes / 1e9 * trial.measure_s,
               trial.connections * trial.measure_s, counts.bytes_sent / 1e9,
               (bytes_between(trial) or 0) / 1e9)


def each_of(trial: TrialRecord, counts: Tally, prices: PriceList | None) -> dict[str, float | None]:
    """Every number of `WHAT` of one trial."""
    use, k = use_of(trial, counts), 1000 / counts.done
    return {"cpu_s": use.cpu_s * k, "gb_s": use.gb_s * k,
            "connection_s": use.connection_s * k if trial.connections else None,
            "mb_sent": use.gb_sent * 1000 * k if counts.bytes_sent else None,
            "money": prices.bill(use) * 1000 / counts.orders
            if prices and counts.orders and is_billable(trial, prices) else None}


def is_billable(trial: TrialRecord, prices: PriceList) -> bool:
    """Whether all that has a price was recorded: bytes between services were not always."""
    return not prices.gb_between or bytes_between(trial) is not None
