"""The chapter on scaling: capacity by search and by quick ramp, the hot part, cost."""

from __future__ import annotations

from reports.arms import Arms
from reports.document import Block, Drawing, Heading, Part
from reports.figures import scaling as draw
from reports.headlines import capacity_verdict, carried
from reports.parts.capacity import capacity_lead, searched_blocks
from reports.parts.cost import cost_blocks
from reports.parts.demand import big_small_blocks, demand_blocks
from reports.parts.hot import hot_blocks, hot_sentences
from reports.scaling import CapacityRow, Ramp, Scaling
from reports.search_words import ALLOWED
from reports.table import Table
from reports.words import ABSENT, count, number, percent, setting


def scaling_part(scaling: Scaling, arms: Arms, void: str | None) -> Part:
    """Build the chapter; phases that were not run are named."""
    searched = scaling.searched
    blocks: list[Block] = [
        *searched_blocks(searched, arms), *demand_blocks(scaling),
        *big_small_blocks(searched.big_small, scaling.bill.prices), *_ramp_blocks(scaling, arms),
        *_hot_blocks(scaling, arms), *cost_blocks(scaling.bill, arms)]
    lead = [void] if void else _lead(scaling, arms)
    return Part("scaling", "Scaling", lead, blocks)


def _lead(scaling: Scaling, arms: Arms) -> list[str]:
    said = capacity_lead(scaling.searched, arms)
    said += [text for mix in scaling.hot_mixes.mixes for text in hot_sentences(mix, arms)]
    if not scaling.curve:
        return said or ["This run has no usable trial of the phases search and capacity."]
    return [*said, *(f"{_on(ratio.cpus)}, a quick look: {capacity_verdict(ratio, arms)} "
                     f"({count(ratio.ramps, 'ramp')} each)." for ratio in scaling.ratios)]


def _on(cpus: float | None) -> str:
    return "No CPU limit" if cpus is None else f"{setting(cpus)} CPU"


def _ramp_blocks(scaling: Scaling, arms: Arms) -> list[Block]:
    """Ramps: few seconds a step and wide steps, so a look, not the measurement."""
    if not scaling.curve:
        return []
    blocks: list[Block] = [Heading("Capacity, a quick look by ramps")]
    if figure := draw.draw_capacity(scaling.curve):
        said = "; ".join(f"{row.topology} on {_on(row.cpus)} {carried(row)}"
                         for row in _largest(scaling.curve))
        blocks.append(Drawing(
            "scaling_capacity", "Capacity against the CPU budget",
            f"Capacity in journeys per second: {said}.",
            f"{_steps_said(scaling.ramps)} A mark is the highest step of the ramp that held, the "
            "tick above it the first that clearly failed: the truth lies between. One budget "
            "holds proxy, application and databases together.",
            ("scaling_capacity",), figure))
    if figure := draw.draw_ramps(scaling.ramps):
        blocks.append(Drawing(
            "scaling_ramps", "Share of good requests at every step of every ramp",
            _ramps_said(scaling.ramps),
            "Dotted: 99 %. Requests belong to the step in which their journey arrived. A ramp "
            "ends early once a store is clearly past its capacity. Latency above capacity is "
            "backlog and is not quoted.", ("scaling_ramps",), figure))
    return [*blocks, _capacity_table("scaling_capacity", "Capacity by ramps", scaling.curve),
            _ratio_table(scaling, arms), _ramp_table("scaling_ramps", scaling.ramps)]


def _largest(rows: list[CapacityRow]) -> list[CapacityRow]:
    last: dict[str, CapacityRow] = {}
    for row in rows:
        last[row.topology] = row
    return list(last.values())


def _ramps_said(ramps: list[Ramp]) -> str:
    ended = sum(ramp.capacity.low is not None and ramp.capacity.high is not None
                for ramp in ramps)
    return (f"{ended} of {count(len(ramps), 'ramp')} found both a step that held and one "
            "that did not.")


def _capacity_table(name: str, title: str, rows: list[CapacityRow]) -> Table:
    last = "scaled" if any(row.scaled for row in rows) else "efficiency"
    return Table(
        name, title,
        "Journeys per second with at least 99 % of scheduled requests good. [held, clearly failed)."
        + (" Efficiency: capacity per core against the store's smallest budget."
           if last == "efficiency" else ""),
        ["store", "CPU", last, "ramps", "capacity"],
        [[row.topology, setting(row.cpus), percent(row.efficiency, 0) if row.scaled is None
          else row.scaled.replace("_", " "), str(row.capacity.ramps), carried(row)]
         for row in rows],
        ["topology", "cpus", "scaled", "held_per_s", "failed_per_s", "ramps", "efficiency"],
        [[row.topology, row.cpus, row.scaled, row.capacity.low, row.capacity.high,
          row.capacity.ramps, row.efficiency] for row in rows],
        frozenset({1, 2, 3, 4}),
    )


def _ratio_table(scaling: Scaling, arms: Arms) -> Table:
    return Table(
        "scaling_ratios", f"Capacity of {arms.base} ÷ {arms.rival}",
        f"The interval is what the steps of the ramps leave open, {ALLOWED}.",
        ["CPU", "ramps", "at least", "at most", "verdict"],
        [[setting(r.cpus), str(r.ramps), number(r.low), number(r.high), capacity_verdict(r, arms)]
         for r in scaling.ratios],
        ["cpus", "ramps", "ratio_low", "ratio_high"],
        [[r.cpus, r.ramps, r.low, r.high] for r in scaling.ratios],
        frozenset({0, 1, 2, 3}),
    )


def _ramp_table(name: str, ramps: list[Ramp]) -> Table:
    raw = [[r.trial.id, r.trial.topology, r.trial.cpu_budget, r.trial.scaled, step.rate,
            step.scheduled, step.good, step.share, step.holds, step.is_cut]
           for r in ramps for step in r.steps]
    cells = [[str(r.trial.id), r.trial.topology, setting(r.trial.cpu_budget),
              number(r.steps[0].rate) if r.steps else ABSENT,
              number(r.steps[-1].rate) if r.steps else ABSENT, str(len(r.steps)),
              f"{sum(step.scheduled for step in r.steps):,}",
              number(r.capacity.low), number(r.capacity.high)] for r in ramps]
    return Table(
        name, "Ramps",
        "Each ramp in one line; the CSV has every step with its scheduled and good requests.",
        ["trial", "store", "CPU", "first rate", "last rate", "steps", "n", "held", "failed"],
        cells,
        ["trial", "topology", "cpus", "scaled", "rate_per_s", "scheduled", "good", "attainment",
         "holds", "cut_short"], raw, frozenset({0, 2, 3, 4, 5, 6, 7, 8}))


def _hot_blocks(scaling: Scaling, arms: Arms) -> list[Block]:
    blocks: list[Block] = [Heading("One hot feature"), *hot_blocks(scaling.hot_mixes, arms)]
    figure = draw.draw_hot(scaling.hot)
    if figure is None:
        return blocks
    workloads = sorted({ramp.trial.workload for ramp in scaling.hot_ramps})
    budgets = sorted({f"{ramp.trial.cpu_budget:g} CPU" for ramp in scaling.hot_ramps
                      if ramp.trial.cpu_budget is not None})
    said = "; ".join(f"{row.topology}, {(row.scaled or 'as is').replace('_', ' ')}: "
                     f"{carried(row)}" for row in scaling.hot)
    return [
        *blocks,
        Drawing("scaling_hot", "Capacity with one hot feature by way of scaling, a quick look",
                f"Journeys per second under {', '.join(workloads)}: {said}.",
                f"{_steps_said(scaling.hot_ramps)} The same total budget "
                f"({', '.join(budgets) or 'no limit'}) split in two ways: "
                "evenly over everything, or most of it to the hot part. The thin line reaches to "
                "the first step that clearly failed.",
                ("scaling_hot", "scaling_hot_ramps"), figure),
        _capacity_table("scaling_hot", "Capacity under the hot mix by ramps", scaling.hot),
        _ramp_table("scaling_hot_ramps", scaling.hot_ramps),
    ]


def _steps_said(ramps: list[Ramp]) -> str:
    """How wide the steps are: what a quick look can't tell apart."""
    wide = [later.rate / step.rate - 1 for ramp in ramps
            for step, later in zip(ramp.steps, ramp.steps[1:], strict=False)]
    return f"A quick look: each step is {percent(max(wide), 0)} above the last." if wide else (
        "A quick look.")
