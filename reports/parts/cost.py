"""What a request costs: CPU, memory, connections, traffic and money, by part; the idle tax."""

from __future__ import annotations

from reports.arms import Arms
from reports.cost import Bill, Cost
from reports.cost_ratios import CostRatio
from reports.cost_trials import WHAT, TrialCost
from reports.document import Block, Drawing, Heading, Note
from reports.estimate import ALPHA, Estimate
from reports.figures.cost import draw_cost
from reports.idle import Idle
from reports.parts.cost_parts import part_blocks
from reports.price import PriceList
from reports.starts import ONE_START
from reports.table import Table
from reports.verdicts import block_said, digits_apart, holm_said, noise_said, off_text
from reports.words import ABSENT, count, interval, listed, number, percent


def cost_blocks(bill: Bill, arms: Arms) -> list[Block]:
    """Build the section; what was not measured is named."""
    blocks: list[Block] = [Heading("What a request costs")]
    first = [cost for cost in bill.costs if cost.series == bill.costs[0].series]
    figure = draw_cost(first)
    if figure is None:
        return [*blocks, Note("No cost was recorded: it needs latency trials with good requests "
                              "and the kernel's accounting."), *_idle_blocks(bill.idle)]
    said = "; ".join(f"{c.topology} {_said(c.cpu_s)} CPU-seconds and {_said(c.gb_s)} GB·s"
                     for c in first)
    blocks.append(Drawing(
        "scaling_cost", "CPU and memory per 1,000 good requests by part",
        f"Per 1,000 good requests: {said}.",
        f"Latency trials, n = {', '.join(str(c.cpu_s.n) for c in first)}; diamonds: the whole "
        "group by the kernel's accounting with a 95 % t interval; parts count shared pages in "
        "each process, so their memory adds up to more. At light load idle time is in the bill.",
        ("scaling_cost",), figure))
    blocks += [_cost_table(bill.costs, bill.idle), *part_blocks(bill.parts),
               _bill_table(bill.costs, bill.prices)]
    if bill.ratios:
        blocks.append(_ratio_table(bill.ratios, arms))
    blocks.append(_trial_table(bill))
    return [*blocks, Note(_money_said(bill, first, arms)), *_idle_blocks(bill.idle)]


def cost_verdict(one: CostRatio, arms: Arms) -> str:
    """Which store costs more, if both intervals, the noise floor and Holm's p all say so."""
    ratio, rival = one.ratio, arms.rival or ""
    if ratio.low is None or ratio.high is None or ratio.widest is None:
        return (f"{rival} took ~×{number(ratio.value)} of {arms.base} in one pair; one pair has "
                "no interval")
    turned = ratio.value < 1
    value, low, high = ((1 / ratio.value, 1 / ratio.high, 1 / ratio.low) if turned
                        else (ratio.value, ratio.low, ratio.high))
    least = 1 / ratio.widest[1] if turned else ratio.widest[0]
    digits = digits_apart(least, one.band.high if one.band else 1.0)
    if digits and (one.adjusted_p is None or one.adjusted_p < ALPHA):
        more = arms.base if turned else rival
        ends = ", ".join(number(end, digits) for end in (low, high))
        return (f"{more} costs more, ×{number(value, digits)} [{ends}], {count(ratio.n, 'pair')}"
                f"{block_said(ratio.block, turned, digits)}")
    return (f"no difference shown (between ×{number(ratio.low)} and ×{number(ratio.high)}, "
            f"{count(ratio.n, 'pair')}{block_said(ratio.block)})")


def _money_said(bill: Bill, first: list[Cost], arms: Arms) -> str:
    if bill.prices is None:
        return "This run has no price list, so no money is counted."
    known = [f"{cost.topology} {_said(cost.money)}" for cost in first if cost.money]
    if not known:
        return (f"At {bill.prices}: {_lacking(first)} under {first[0].workload}, so no money is "
                "counted.")
    ratio = next((one for one in bill.ratios
                  if one.what == "money" and one.series == first[0].series), None)
    verdict = f": {cost_verdict(ratio, arms)}{_beside(ratio)}" if ratio else ""
    uncounted = [f"{cost.topology} ({cost.no_money})" for cost in first if not cost.money]
    more = f" Not counted: {listed(uncounted)}." if uncounted else ""
    return (f"1,000 acknowledged orders under {first[0].workload} (all other requests of the mix "
            f"included) cost in {bill.prices.currency} {listed(known)}{verdict}.{more} Prices: "
            f"{bill.prices}; billed by use, not by reservation. They are examples: put your own "
            "into the scenario.")


def _lacking(costs: list[Cost]) -> str:
    """Why none of these stores has a bill; the stores are named where they differ."""
    stores: dict[str, list[str]] = {}
    for cost in costs:
        stores.setdefault(cost.no_money, []).append(cost.topology)
    if len(stores) == 1:
        return costs[0].no_money
    return listed([f"{why} ({listed(own)})" for why, own in stores.items()])


def _beside(one: CostRatio) -> str:
    """What a difference must lie beyond, too: `; p = 0.02 by Holm; a store against itself: …`."""
    return f"{holm_said(one.adjusted_p)}{noise_said(one.band)}"


def _cost_table(costs: list[Cost], idle: list[Idle]) -> Table:
    standing = {one.topology: one.cores.value for one in idle}
    cells, raw = [], []
    for c in costs:
        where = [c.series or c.workload, c.topology]
        share = standing[c.topology] / c.cores if c.topology in standing and c.cores else None
        cells.append([*where, str(c.cpu_s.n), _said(c.cpu_s), percent(share, 0), _said(c.gb_s)])
        raw.append([c.series, c.workload, c.topology, "total", c.cpu_s.n, *_ends(c.cpu_s),
                    *_ends(c.gb_s), c.cores, c.memory_gb, share])
        raw += [[c.series, c.workload, c.topology, part, c.cpu_s.n, *_ends(cpu_s),
                 *_ends(c.parts_gb_s[part]), None, None, None]
                for part, cpu_s in c.parts_cpu_s.items()]
    return Table(
        "scaling_cost", "Cost per 1,000 good requests",
        "Means over latency trials, 95 % t intervals; the whole architecture by the kernel's "
        "accounting. Of which idle: the share of that CPU which the store also takes while nobody "
        "comes, from the table of the idle tax. The CSV has every part.",
        ["series", "store", "trials", "CPU-seconds", "of which idle", "GB·s"], cells,
        ["series", "workload", "topology", "part", "trials", "cpu_s", "cpu_s_low", "cpu_s_high",
         "gb_s", "gb_s_low", "gb_s_high", "cores", "memory_gb", "idle_share_of_cpu"], raw,
        frozenset({2, 3, 4, 5}))


def _bill_table(costs: list[Cost], prices: PriceList | None) -> Table:
    return Table(
        "scaling_bill", "Connections, traffic and money",
        "Per 1,000 good requests: connection-seconds (database connections, whether busy or not) "
        "and megabytes of response bodies, as clients counted them, without heads. Money: per "
        "1,000 acknowledged orders.",
        ["series", "store", "trials", "connection-s", "MB sent",
         prices.currency if prices else "money"],
        [[c.series or c.workload, c.topology, str(c.cpu_s.n),
          *(_said(one) for one in (c.connection_s, c.mb_sent, c.money))] for c in costs],
        ["series", "workload", "topology", "trials",
         *(f"{name}{end}" for name in ("connection_s", "mb_sent", "money_per_1000_orders")
           for end in ("", "_low", "_high"))],
        [[c.series, c.workload, c.topology, c.cpu_s.n,
          *(end for one in (c.connection_s, c.mb_sent, c.money) for end in _ends(one))]
         for c in costs],
        frozenset({2, 3, 4, 5}))


def _ratio_table(ratios: list[CostRatio], arms: Arms) -> Table:
    return Table(
        "scaling_cost_ratios", f"Cost of {arms.rival} ÷ {arms.base}",
        "Paired t on logarithms of the latency pairs, from 20 pairs on blocks of pairs too; A/A: "
        "how far a store was from itself. A difference must lie beyond all of them, with p below "
        f"0.05 by Holm in the family of all rows. GB·s, and money for the share of memory in it: "
        f"{ONE_START}.",
        ["series", "cost", "A/A", "p by Holm", "verdict"],
        [[one.series, WHAT[one.what], off_text(one.band) if one.band else ABSENT,
          _p(one.adjusted_p), cost_verdict(one, arms)] for one in ratios],
        ["series", "cost", "pairs", "ratio", "low", "high", "aa_high", "p_holm"],
        [[one.series, one.what, one.ratio.n, one.ratio.value, one.ratio.low, one.ratio.high,
          one.band.high if one.band else None, one.adjusted_p] for one in ratios],
        frozenset({2, 3}))


def _trial_table(bill: Bill) -> Table:
    """Everything that the means and ratios above are of: in the CSV, for whoever computes again."""
    own: dict[tuple[str, str], list[TrialCost]] = {}
    for one in bill.trials:
        own.setdefault((one.trial.series or one.trial.workload, one.trial.topology), []).append(one)
    return Table(
        "scaling_cost_trials", "Trial by trial",
        "Good requests that ended in the measured windows; the CSV has every trial's costs, in the "
        "units of the tables above.",
        ["series", "store", "trials", "good requests"],
        [[*where, str(len(found)), f"{sum(one.good for one in found):,}"]
         for where, found in own.items()],
        ["trial", "series", "pair", "topology", "is_aa", "arm", "good", *(
            "money_per_1000_orders" if what == "money" else what for what in WHAT)],
        [[one.trial.id, one.trial.series, one.trial.pair, one.trial.topology, one.trial.is_aa,
          one.trial.arm, one.good, *(one.each[what] for what in WHAT)] for one in bill.trials],
        frozenset({2, 3}))


def _idle_blocks(idle: list[Idle]) -> list[Block]:
    """The idle tax, apart from what requests cost."""
    if not idle:
        return [Note("The cost of standing idle was not measured in this run.")]
    said = [f"{one.topology} {_said(one.cores)} cores{_of(one.share_of_cores)} and "
            f"{_said(one.memory_gb)} GB{_of(one.share_of_memory)}" for one in idle]
    rows = [(one, "total", one.cores, one.memory_gb) for one in idle]
    parts = [(one, part, cores, one.parts_memory_gb[part]) for one in idle
             for part, cores in one.parts_cores.items()]
    return [
        Note(f"While nobody comes: {listed(said)}{_loaded(idle)}."),
        Table("scaling_idle", "The idle tax",
              "Cores used and memory held without load; means with 95 % t intervals. Of the "
              "loaded: of what the store takes in its first series of latency trials. The CSV has "
              "every part.",
              ["store", "trials", "cores", "of the loaded", "GB", "of the loaded"],
              [[one.topology, str(one.cores.n), _said(one.cores), percent(one.share_of_cores, 0),
                _said(one.memory_gb), percent(one.share_of_memory, 0)] for one in idle],
              ["topology", "part", "trials", "cores", "cores_low", "cores_high", "memory_gb",
               "memory_low", "memory_high", "share_of_cores", "share_of_memory", "series"],
              [*([one.topology, part, cores.n, *_ends(cores), *_ends(memory), one.share_of_cores,
                  one.share_of_memory, one.series] for one, part, cores, memory in rows),
               *([one.topology, part, one.cores.n, core, None, None, gb, *[None] * 5]
                 for one, part, core, gb in parts)],
              frozenset({1, 2, 3, 4, 5})),
    ]


def _loaded(idle: list[Idle]) -> str:
    """What the shares are of: the series is named, by store where they differ."""
    stores: dict[str, list[str]] = {}
    for one in idle:
        if one.series:
            stores.setdefault(one.series, []).append(one.topology)
    if not stores:
        return ""
    if len(stores) == 1:
        return (f" (of what the store takes in {next(iter(stores))}, its first series of latency "
                "trials)")
    named = [f"{listed(own)} {series}" for series, own in stores.items()]
    return (" (of what the store takes in its first series of latency trials: "
            f"{', '.join(named)})")


def _p(p: float | None) -> str:
    return "below 0.0001" if p is not None and p < 1e-4 else number(p, 2)


def _of(share: float | None) -> str:
    return f" ({percent(share, 0)})" if share is not None else ""


def _ends(one: Estimate | None) -> tuple[float | None, float | None, float | None]:
    return (one.value, one.low, one.high) if one else (None, None, None)


def _said(one: Estimate | None) -> str:
    return f"{number(one.value)} {interval(one.low, one.high)}".strip() if one else ABSENT
