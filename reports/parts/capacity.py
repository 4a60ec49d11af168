"""Capacity by search: points, ratios, axes, evidence."""

from __future__ import annotations

from reports.arms import Arms
from reports.capacity import Curve, Point, Searched, Stop
from reports.demand import TOTAL, Bound
from reports.document import Block, Drawing, Heading, Note
from reports.figures import capacity as draw
from reports.parts.usl import curve_name, panel_of, usl_blocks
from reports.search import Search
from reports.search_words import (
    ALLOWED,
    place_text,
    threshold_text,
    threshold_verdict,
)
from reports.table import Table
from reports.words import (
    ABSENT,
    count,
    number,
    percent,
    percent_interval,
    setting,
)


def capacity_lead(searched: Searched, arms: Arms) -> list[str]:
    """One generated sentence for each place: both stores compared, else what was found."""
    workloads = len({point.workload for point in searched.points})
    if not searched.ratios:
        return [f"{place_text(point.place, workloads)}: {point.topology} carries "
                f"{threshold_text(point.capacity)} journeys/s." for point in searched.points]
    return [f"{place_text(one.place, workloads)}: "
            f"{threshold_verdict(one.ratio, arms.base, arms.rival or '', 'carries more')}."
            for one in searched.ratios]


def searched_blocks(searched: Searched, arms: Arms) -> list[Block]:
    """The measurement of capacity; one sentence when there was none."""
    blocks: list[Block] = [Heading("Capacity, searched")]
    if not searched.points:
        return [*blocks, Note("Capacity was not searched in this run.")]
    if figure := draw.draw_curves(searched.curves):
        blocks.append(Drawing(
            "scaling_searched", "Capacity along every axis of resources",
            f"{_curves_said(searched.curves)}.",
            "A mark is the confirmed capacity, the thick line reaches to the lowest rate that "
            "failed. Dotted: what the CPU would carry if nothing ever waited "
            "(utilisation law: cores ÷ CPU-seconds a journey).",
            ("scaling_points", "scaling_axes"), figure))
    blocks += [_point_table(searched), _ratio_table(searched, arms)]
    if searched.curves:
        blocks.append(_axis_table(searched.curves))
    if figure := draw.draw_probes(searched.searches):
        blocks.append(Drawing(
            "scaling_probes", "Share of good requests at every probe",
            _searches_said(searched.searches),
            "Dotted: 99 %. Each mark is one trial at one rate; large and filled: the confirmation "
            "by a longer window; upright line: the confirmed capacity. Latency above capacity is "
            f"backlog and is not quoted.{_panels_left(searched)}", ("scaling_probes",), figure))
    blocks.append(probe_table("scaling_probes", searched.searches))
    return [*blocks, *usl_blocks(searched.curves)]


def _curves_said(curves: list[Curve]) -> str:
    said = []
    for curve in _longest(curves):
        first, last = curve.stops[0], curve.stops[-1]
        said.append(
            f"{curve_name(curve, curves)}: from {threshold_text(first.point.capacity)} to "
            f"{threshold_text(last.point.capacity)} journeys/s"
            + (f", {percent(last.efficiency.value, 0)} as much for a core"
               if last.efficiency.value is not None else ""))
    return "; ".join(said)


def _longest(curves: list[Curve]) -> list[Curve]:
    """Of every workload, store and axis the curve with the most points."""
    best: dict[tuple[str, str, str], Curve] = {}
    for curve in curves:
        key = (curve.workload, curve.axis, curve.topology)
        if key not in best or len(curve.stops) > len(best[key].stops):
            best[key] = curve
    return list(best.values())


def _searches_said(searches: list[Search]) -> str:
    answered = sum(search.threshold.value is not None for search in searches)
    rejected = sum(search.rejected for search in searches)
    probes = sum(len(search.probes) for search in searches)
    left = f"; {count(rejected, 'probe')} rejected" if rejected else ""
    return (f"{answered} of {count(len(searches), 'search', 'searches')} confirmed an answer, with "
            f"{count(probes, 'probe')}{left}.")


def _panels_left(searched: Searched) -> str:
    places = len({point.place for point in searched.points})
    return (f" The first {draw.MOST_PANELS} of {places} places are drawn; the table has all."
            if places > draw.MOST_PANELS else "")


def limit_text(bound: Bound | None) -> str:
    """`mostly postgres, 41 %` of a pool's work, or the part whose own share is the limit."""
    if bound is None:
        return ABSENT
    if bound.part == TOTAL:
        return f"mostly {bound.greatest}, {percent(bound.greatest_share, 0)}"
    return f"{bound.part} on {number(bound.cpus)} CPU"


def _point_table(searched: Searched) -> Table:
    points = searched.points
    workloads = len({point.workload for point in points})
    return Table(
        "scaling_points", "Capacity by search",
        "Journeys per second with at least 99 % of scheduled requests good. [confirmed, lowest "
        "that failed); with several searches their median, the outermost ends, and spread = "
        "(max − min) / median. Bound: what the CPU would carry if nothing ever waited; reached: "
        "capacity ÷ bound. Memory is what was held at the capacity.",
        ["where", "store", "searches", "capacity", "spread", "bound", "reached", "work", "GB"],
        [[place_text(p.place, workloads), p.topology, str(p.capacity.n),
          threshold_text(p.capacity), percent(p.capacity.spread),
          number(p.bound.rate if p.bound else None), percent(_used(p), 0), limit_text(p.bound),
          number(p.memory_gb)] for p in points],
        ["workload", "topology", "cpus", "replicas", "searches", "capacity_per_s", "low", "high",
         "spread", "bound_per_s", "bound_part", "bound_cpus", "cpu_s_per_journey",
         "greatest_part", "greatest_share", "memory_gb", "connections"],
        [[p.workload, p.topology, p.cpus, p.replicas, p.capacity.n, p.capacity.value,
          p.capacity.low, p.capacity.high, p.capacity.spread,
          *((p.bound.rate, p.bound.part, p.bound.cpus, p.bound.demand_s, p.bound.greatest,
             p.bound.greatest_share) if p.bound else (None,) * 6), p.memory_gb, p.connections]
         for p in points],
        frozenset({2, 3, 4, 5, 6, 8}))


def _used(point: Point) -> float | None:
    value = point.capacity.value
    return value / point.bound.rate if value is not None and point.bound else None


def _ratio_table(searched: Searched, arms: Arms) -> Table:
    rows = [(one, one.ratio) for one in searched.ratios]
    workloads = len({one.place[0] for one, _ in rows})
    return Table(
        "scaling_point_ratios", f"Capacity of {arms.base} ÷ {arms.rival} by search",
        "From two pairs of searches on: Student's t on the logarithms of pairs that were "
        f"interleaved. Before: what the probes leave open, {ALLOWED}.",
        ["where", "verdict"],
        [[place_text(one.place, workloads),
          threshold_verdict(ratio, arms.base, arms.rival or "", "carries more")]
         for one, ratio in rows],
        ["workload", "cpus", "replicas", "n", "asked", "interval_by", "ratio", "low", "high"],
        [[*one.place, ratio.n, ratio.asked, ratio.by, ratio.value, ratio.low, ratio.high]
         for one, ratio in rows])


def _axis_table(curves: list[Curve]) -> Table:
    rows = [(curve, stop) for curve in curves for stop in curve.stops]
    return Table(
        "scaling_axes", "Efficiency along every axis",
        "Capacity for a core, relative to the smallest point of the axis: "
        "E(r) = cap(r) / (r · cap(1)). Points are measured apart, one after the other: Welch's t "
        f"from two answers each on, before that what the probes leave open, {ALLOWED}.",
        ["axis", "store", "CPU", "replicas", "r", "capacity", "efficiency"],
        [[panel_of(curve, curves), curve.topology,
          setting(stop.point.cpus), str(stop.point.replicas), number(stop.size),
          threshold_text(stop.point.capacity), _efficiency(stop)] for curve, stop in rows],
        ["workload", "axis", "fixed", "topology", "cpus", "replicas", "size", "capacity_per_s",
         "low", "high", "bound_per_s", "efficiency", "efficiency_low", "efficiency_high"],
        [[curve.workload, curve.axis, curve.fixed, curve.topology, stop.point.cpus,
          stop.point.replicas, stop.size, stop.point.capacity.value, stop.point.capacity.low,
          stop.point.capacity.high, stop.point.bound.rate if stop.point.bound else None,
          stop.efficiency.value, stop.efficiency.low, stop.efficiency.high]
         for curve, stop in rows],
        frozenset({2, 3, 4, 5, 6}))


def _efficiency(stop: Stop) -> str:
    found = stop.efficiency
    return f"{percent(found.value, 0)} {percent_interval(found.low, found.high, 0)}".strip()


def probe_table(name: str, searches: list[Search]) -> Table:
    """Every search in one line; the CSV has every probe."""
    probes = [(search, probe) for search in searches for probe in search.probes]
    return Table(
        name, "Searches",
        "Each search in one line; the CSV has every probe with its scheduled and good requests. "
        "n: requests of all probes. Answers in journeys/s, in cores where the name says cpus/, "
        "in MiB where it says memory/: such a probe also fails where the kernel refused the limit, "
        "or killed for it.",
        ["search", "probes", "rejected", "n", "answer"],
        [[search.name, str(len(search.probes)), str(search.rejected),
          f"{sum(probe.scheduled for probe in search.probes):,}",
          threshold_text(search.threshold)] for search in searches],
        ["search", "trial", "topology", "cpus", "replicas", "replicated", "scaled", "variable",
         "value", "step", "scheduled", "good", "attainment", "is_enforced", "oom_kills", "holds",
         "answer"],
        [[search.name, probe.trial.id, probe.trial.topology, probe.trial.cpu_budget,
          probe.trial.replicas, probe.trial.replicated, probe.trial.scaled, search.variable,
          probe.value, probe.step, probe.scheduled, probe.good, probe.share,
          asked.is_enforced if (asked := probe.trial.probe) and probe.trial.lacks_memory else None,
          probe.trial.oom_kills,
          probe.holds, search.threshold.value]
         for search, probe in probes],
        frozenset({1, 2, 3, 4}))
