"""What a request costs: CPU, memory, connections, traffic, and money for 1,000 orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from contract.run_record import TrialRecord
from reports.arms import Arms, aa_pairs_of, pairs_of, usable
from reports.cost_parts import PartBill, bill_parts, bytes_between
from reports.demand import named, whole
from reports.estimate import Band, Estimate, Ratio, mean_of, ratio_of_pairs
from reports.estimate_family import adjusted_p
from reports.guards import Judged
from reports.price import PriceList, Use, prices_of
from reports.read import Run
from reports.tally import Tally, tally
from reports.verdicts import band_of_pairs

WHAT: Final = {
    "cpu_s": "CPU-seconds", "gb_s": "GB·s of memory", "connection_s": "connection-seconds",
    "mb_sent": "MB sent", "money": "money"}
"""Fields of `Cost` in words."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one topology in one series of latency trials; per 1,000 good requests, money per 1,000
    acknowledged orders.  None: not recorded, or no order was placed."""

    topology: str
    cpu_s: Estimate
    gb_s: Estimate
    parts_cpu_s: dict[str, float]
    parts_gb_s: dict[str, float]
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
class CostRatio:
    """Rival ÷ base over pairs of one series; above 1 the rival costs more."""

    series: str
    what: str
    """A key of `WHAT`."""
    ratio: Ratio
    band: Band | None
    """What a store differs from itself by, over A/A pairs of the series."""
    adjusted_p: float | None = None
    """Holm's p in the family of all costs of the run."""


@dataclass(frozen=True, slots=True)
class Idle:
    """What a topology takes while nobody comes; shares are of the cost of its own first series,
    which others may lack."""

    topology: str
    cores: Estimate
    memory_gb: Estimate
    parts_cores: dict[str, float]
    parts_memory_gb: dict[str, float]
    share_of_cores: float | None
    share_of_memory: float | None
    series: str = ""
    """Whose cost the shares are of; "" without a series."""


@dataclass(frozen=True, slots=True)
class Bill:
    """The chapter on cost; `costs` and `ratios` by series in the order of measurement."""

    costs: list[Cost]
    ratios: list[CostRatio]
    idle: list[Idle]
    prices: PriceList | None
    parts: list[PartBill] = field(default_factory=list)
    """The same trials by part, in the order of `costs`."""


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
        ratios += _ratios(judged, arms, series, counts, prices)
    return Bill(costs, _adjusted(ratios), _idle(judged, arms, costs), prices, parts)


def use_of(trial: TrialRecord, counts: Tally) -> Use:
    """What the whole architecture used in the measured window."""
    cost = whole(trial)
    assert cost is not None
    return Use(cost.cpu_s, cost.memory_bytes / 1e9 * trial.measure_s,
               trial.connections * trial.measure_s, counts.bytes_sent / 1e9,
               (bytes_between(trial) or 0) / 1e9)


def _each(trial: TrialRecord, counts: Tally, prices: PriceList | None) -> dict[str, float | None]:
    """Every number of `WHAT` of one trial."""
    use, k = use_of(trial, counts), 1000 / counts.done
    return {"cpu_s": use.cpu_s * k, "gb_s": use.gb_s * k,
            "connection_s": use.connection_s * k if trial.connections else None,
            "mb_sent": use.gb_sent * 1000 * k if counts.bytes_sent else None,
            "money": prices.bill(use) * 1000 / counts.orders
            if prices and counts.orders and _is_billable(trial, prices) else None}


def _is_billable(trial: TrialRecord, prices: PriceList) -> bool:
    """Whether all that has a price was recorded: bytes between services were not always."""
    return not prices.gb_between or bytes_between(trial) is not None


def _why_no_money(trials: Sequence[TrialRecord], counts: dict[int, Tally],
                  prices: PriceList | None) -> str:
    """What stands against a bill over all of these trials; "" where nothing does."""
    if prices is None:
        return ""
    lacking = {
        "no order was placed": sum(not counts[trial.id].orders for trial in trials),
        "bytes between services, which have a price, were not recorded":
            sum(not _is_billable(trial, prices) for trial in trials)}
    return " and ".join(why if n == len(trials) else f"{why} in {n} of {len(trials)} trials"
                        for why, n in lacking.items() if n)


def _cost(topology: str, trials: Sequence[TrialRecord], counts: dict[int, Tally],
          prices: PriceList | None) -> Cost | None:
    if not trials:
        return None
    each = [_each(trial, counts[trial.id], prices) for trial in trials]
    money = prices.currency if prices else ""
    units = {"cpu_s": "CPU s / 1,000 good", "gb_s": "GB·s / 1,000 good",
             "connection_s": "connection s / 1,000 good", "mb_sent": "MB / 1,000 good",
             "money": f"{money} / 1,000 orders"}
    found = {what: _mean([one[what] for one in each], unit) for what, unit in units.items()}
    cpu_s, gb_s = found.pop("cpu_s"), found.pop("gb_s")
    assert cpu_s is not None
    assert gb_s is not None
    parts: dict[str, list[tuple[float, float]]] = {}
    for trial in trials:
        k = 1000 / counts[trial.id].done
        for name, cost in named(trial).items():
            parts.setdefault(name, []).append(
                (cost.cpu_s * k, cost.memory_bytes / 1e9 * trial.measure_s * k))
    means = {name: np.sum(values, axis=0) / len(trials) for name, values in sorted(parts.items())}
    used = [whole(trial) for trial in trials]
    return Cost(
        topology, cpu_s, gb_s, {name: float(mean[0]) for name, mean in means.items()},
        {name: float(mean[1]) for name, mean in means.items()},
        trials[0].series, trials[0].workload,
        float(np.mean([c.cpu_s / t.measure_s for c, t in zip(used, trials, strict=True) if c])),
        float(np.mean([c.memory_bytes / 1e9 for c in used if c])), **found,
        no_money=_why_no_money(trials, counts, prices))


def _mean(values: list[float | None], unit: str) -> Estimate | None:
    """Over all trials, or nothing: a mean of those that have a number would be another thing."""
    known = [value for value in values if value is not None]
    return mean_of(known, unit) if len(known) == len(values) else None


def _ratios(judged: list[Judged], arms: Arms, series: str, counts: dict[int, Tally],
            prices: PriceList | None) -> list[CostRatio]:
    if arms.rival is None:
        return []
    names = [arms.base, arms.rival]

    def counted(trial: TrialRecord) -> bool:
        return (trial.phase == "latency" and trial.series == series and trial.id in counts
                and counts[trial.id].done > 0 and whole(trial) is not None)

    pairs = [tuple(_each(pair[name], counts[pair[name].id], prices) for name in names)
             for pair in pairs_of(judged, names, counted)]
    same = [tuple(_each(trial, counts[trial.id], prices) for trial in pair)
            for pair in aa_pairs_of(judged) if all(counted(trial) for trial in pair)]
    found = []
    for what in WHAT:
        both = _known(pairs, what)
        ratio = ratio_of_pairs([a for a, _ in both], [b for _, b in both])
        if ratio is not None and len(both) == len(pairs):
            found.append(CostRatio(series, what, ratio, band_of_pairs(_known(same, what))))
    return found


def _known(pairs: list[tuple[dict[str, float | None], ...]],
           what: str) -> list[tuple[float, float]]:
    return [(a, b) for one, other in pairs
            if (a := one[what]) is not None and (b := other[what]) is not None]


def _adjusted(ratios: list[CostRatio]) -> list[CostRatio]:
    p = adjusted_p({f"{one.series} {one.what}": one.ratio for one in ratios})
    return [replace(one, adjusted_p=p[f"{one.series} {one.what}"]) for one in ratios]


def _idle(judged: list[Judged], arms: Arms, costs: list[Cost]) -> list[Idle]:
    found = []
    trials = [trial for trial in usable(judged, "idle") if whole(trial) and trial.measure_s > 0]
    for name in arms.all:
        own = [(trial, cost) for trial in trials if trial.topology == name
               and (cost := whole(trial))]
        cores = mean_of([cost.cpu_s / trial.measure_s for trial, cost in own], "cores")
        memory = mean_of([cost.memory_bytes / 1e9 for _, cost in own], "GB")
        if cores is None or memory is None:
            continue
        parts = sorted({part for trial, _ in own for part in named(trial)})
        loaded = next((cost for cost in costs if cost.topology == name), None)
        found.append(Idle(
            name, cores, memory,
            {p: float(np.mean([t.cost[p].cpu_s / t.measure_s for t, _ in own if p in t.cost]))
             for p in parts},
            {p: float(np.mean([t.cost[p].memory_bytes / 1e9 for t, _ in own if p in t.cost]))
             for p in parts},
            cores.value / loaded.cores if loaded and loaded.cores else None,
            memory.value / loaded.memory_gb if loaded and loaded.memory_gb else None,
            (loaded.series or loaded.workload) if loaded else ""))
    return found
