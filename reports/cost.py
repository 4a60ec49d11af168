"""What a request costs: CPU, memory, connections, traffic, and money for 1,000 orders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from contract.run_record import PartCost, TrialRecord
from reports.arms import Arms, usable
from reports.cost_parts import PartBill, bill_parts
from reports.cost_ratios import CostRatio, adjusted, measure_ratios
from reports.cost_trials import TrialCost, each_of, is_billable
from reports.demand import named, whole
from reports.estimate import Estimate, mean_of
from reports.guards import Judged
from reports.idle import Idle, measure_idle
from reports.price import PriceList, prices_of
from reports.read import Run
from reports.tally import Tally, tally


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one topology in one series of latency trials; per 1,000 good requests, money per 1,000
    acknowledged orders.  None: not recorded, or no order was placed."""

    topology: str
    cpu_s: Estimate
    gb_s: Estimate
    parts_cpu_s: dict[str, Estimate]
    parts_gb_s: dict[str, Estimate]
    series: str = ""
    workload: str = ""
    cores: float = 0.0
    """Cores used, mean over trials: CPU-seconds per second."""
    memory_gb: float = 0.0
    connection_s: Estimate | None = None
    mb_sent: Estimate | None = None
    money: Estimate | None = None
    no_money: str = ""
    """Why there is a price list and no money; "" where there is money, or no list."""


@dataclass(frozen=True, slots=True)
class Bill:
    """The chapter on cost; `costs` and `ratios` by series in the order of measurement."""

    costs: list[Cost]
    ratios: list[CostRatio]
    idle: list[Idle]
    prices: PriceList | None
    parts: list[PartBill] = field(default_factory=list)
    """The same trials by part, in the order of `costs`."""
    trials: list[TrialCost] = field(default_factory=list)
    """What means and ratios are of, in the order of measurement."""


def measure_bill(run: Run, judged: list[Judged], arms: Arms,
                 tallies: dict[int, Tally] | None = None) -> Bill:
    """Compute costs from the phases `latency` and `idle`."""
    counts = tally(run) if tallies is None else tallies
    prices = prices_of(run.record)
    trials = [trial for trial in usable(judged, "latency") if whole(trial) is not None
              and trial.id in counts and counts[trial.id].done]
    costs: list[Cost] = []
    ratios: list[CostRatio] = []
    parts: list[PartBill] = []
    for series in dict.fromkeys(trial.series for trial in sorted(trials, key=lambda t: t.pair)):
        own = [trial for trial in trials if trial.series == series]
        costs += [cost for name in arms.all
                  if (cost := _cost(name, [t for t in own if t.topology == name], counts, prices))]
        parts += [bill for name in arms.all
                  if (bill := bill_parts([t for t in own if t.topology == name], counts))]
        ratios += measure_ratios(judged, arms, series, counts, prices)
    return Bill(costs, adjusted(ratios), measure_idle(judged, arms, costs), prices, parts, [
        TrialCost(trial, counts[trial.id].done, each_of(trial, counts[trial.id], prices))
        for trial in sorted(trials, key=lambda trial: trial.id)])


def _why_no_money(trials: Sequence[TrialRecord], counts: dict[int, Tally],
                  prices: PriceList | None) -> str:
    """What stands against a bill over all of these trials; "" where nothing does."""
    if prices is None:
        return ""
    lacking = {
        "no order was placed": sum(not counts[trial.id].orders for trial in trials),
        "bytes between services, which have a price, were not recorded":
            sum(not is_billable(trial, prices) for trial in trials)}
    return " and ".join(why if n == len(trials) else f"{why} in {n} of {len(trials)} trials"
                        for why, n in lacking.items() if n)


def _cost(topology: str, trials: Sequence[TrialRecord], counts: dict[int, Tally],
          prices: PriceList | None) -> Cost | None:
    if not trials:
        return None
    each = [each_of(trial, counts[trial.id], prices) for trial in trials]
    money = prices.currency if prices else ""
    units = {"cpu_s": "CPU s / 1,000 good", "gb_s": "GB·s / 1,000 good",
             "connection_s": "connection s / 1,000 good", "mb_sent": "MB / 1,000 good",
             "money": f"{money} / 1,000 orders"}
    found = {what: _mean([one[what] for one in each], unit) for what, unit in units.items()}
    cpu_s, gb_s = found.pop("cpu_s"), found.pop("gb_s")
    assert cpu_s is not None
    assert gb_s is not None
    parts_cpu_s, parts_gb_s = (
        {part: _of_part(part, trials, counts, use, units[what])
         for part in sorted({name for trial in trials for name in named(trial)})}
        for what, use in (("cpu_s", _cpu_s), ("gb_s", _gb_s)))
    used = [whole(trial) for trial in trials]
    return Cost(
        topology, cpu_s, gb_s, parts_cpu_s, parts_gb_s, trials[0].series,
        trials[0].workload,
        float(np.mean([c.cpu_s / t.measure_s for c, t in zip(used, trials, strict=True) if c])),
        float(np.mean([c.memory_bytes / 1e9 for c in used if c])), **found,
        no_money=_why_no_money(trials, counts, prices))


def _of_part(part: str, trials: Sequence[TrialRecord], counts: dict[int, Tally],
             use: Callable[[TrialRecord, PartCost], float], unit: str) -> Estimate:
    """Mean over all trials; one in which the part did nothing counts as nothing."""
    found = mean_of([use(trial, cost) * 1000 / counts[trial.id].done
                     if (cost := named(trial).get(part)) else 0.0 for trial in trials], unit)
    assert found is not None  # there are trials
    return found


def _cpu_s(_: TrialRecord, cost: PartCost) -> float:
    return cost.cpu_s


def _gb_s(trial: TrialRecord, cost: PartCost) -> float:
    return cost.memory_bytes / 1e9 * trial.measure_s


def _mean(values: list[float | None], unit: str) -> Estimate | None:
    """Over all trials, or nothing: a mean of those that have a number would be another thing."""
    known = [value for value in values if value is not None]
    return mean_of(known, unit) if len(known) == len(values) else None
