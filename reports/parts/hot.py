"""One hot feature: which way of scaling serves each store best, and with how little."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from reports.arms import Arms
from reports.document import Block, Drawing, Note
from reports.estimate_apart import Apart
from reports.figures.hot import draw_hot_mix
from reports.hot import Hot, HotMix
from reports.hot_ratios import MemoryRatio, WayRatio, best_of
from reports.hot_ways import POOLED, Way, way_said, way_text
from reports.parts.capacity import limit_text, probe_table
from reports.search_words import basis_text, ratio_text, threshold_text, threshold_verdict
from reports.starts import ONE_START, START_ALLOWANCE
from reports.table import Table
from reports.threshold_ratio import ThresholdRatio
from reports.words import ABSENT, count, interval, number, percent, setting, times


def hot_blocks(hot: Hot, arms: Arms) -> list[Block]:
    """A figure and its tables for every hot mix; one sentence when there was none."""
    if not hot.mixes:
        return [Note("Ways of scaling a hot part were not searched in this run.")]
    return [block for mix in hot.mixes for block in _mix_blocks(mix, arms)]


def hot_sentences(mix: HotMix, arms: Arms) -> list[str]:
    """What the searches have shown: the stores at their best; by store the savings, one pool."""
    best = [mix.best.capacity] if mix.best else []
    least = [mix.memory.least_memory] if mix.memory else []
    ratios = [*best, *least, *(one.capacity for one in mix.by_pool),
              *(ratio for one in mix.by_way for ratio in (one.capacity, one.cpus) if ratio)]
    bases = {basis_text(ratio) for ratio in ratios}
    is_one = len(bases) == 1

    def verdict(ratio: ThresholdRatio, above: str, below: str, verb: str = "carries more") -> str:
        return threshold_verdict(ratio, above, below, verb, with_basis=not is_one)

    once = f" (each ratio of {bases.pop()})" if is_one else ""
    said = [f"{mix.workload}{once}, each store at its best split: "
            f"{verdict(ratio, arms.base, arms.rival or '')}." for ratio in best]
    said += [f"{mix.workload}{'' if best else once}, least memory that carries {setting(mix.rate)} "
             f"journeys/s{_on(mix)}, one of everything, started afresh: "
             f"{verdict(ratio, arms.rival or '', arms.base, 'needs more')}." for ratio in least]
    for name in arms.all:
        found = [text for one in mix.by_way if one.topology == name
                 for text in _savings(mix, one, verdict)]
        found += [verdict(one.capacity, way_said(POOLED), way_said(one.way))
                  for one in mix.by_pool if one.topology == name]
        if found:
            basis = "" if best or least else once
            said.append(f"{mix.workload}{basis}, {name}: {'; '.join(found)}.")
    return said


def _savings(mix: HotMix, one: WayRatio, verdict: Callable[..., str]) -> Iterator[str]:
    hot, every = way_said(one.way), way_said(one.everything)
    verbs = (("carries more", "needs more cores") if one.is_split else
             ("carry more", "need more cores"))
    if one.capacity:
        yield f"at equal budget {verdict(one.capacity, hot, every, verbs[0])}"
    if one.cpus:
        yield (f"at {setting(mix.rate)} journeys/s "
               f"{verdict(one.cpus, every, hot, verbs[1])}")
    if one.memory and not one.is_split:
        yield f"there {memory_said(one.memory, every, hot)}"


def memory_said(found: Apart, every: str, hot: str) -> str:
    """Who holds more memory, if the interval says so; the ratio is every ÷ hot."""
    ratio = apart_text(found)
    basis = f"{sum(found.n)} probes, {percent(START_ALLOWANCE, 0)} allowed for another start"
    if not found.differs:
        return f"no difference in memory is shown between {every} and {hot} ({ratio}, {basis})"
    if found.value > 1:
        return f"{every} hold more memory than {hot}, {ratio}, {basis}"
    turned = times(1 / found.value, 1 / found.high, 1 / found.low)  # type: ignore[operator]
    return f"{hot} hold more memory than {every}, {turned}, {basis}"


def apart_text(found: Apart | None) -> str:
    """×1.58 [1.51, 1.66]; without an interval the ratio alone."""
    return times(found.value, found.low, found.high) if found else ABSENT


def _best_said(mix: HotMix, arms: Arms) -> str:
    best = {name: way for name in arms.all if (way := best_of(mix.of(name)))}
    return "; ".join(f"{name} carried most split by {way_text(way.way)}: "
                     f"{threshold_text(way.capacity)} journeys/s" for name, way in best.items())


def _mix_blocks(mix: HotMix, arms: Arms) -> list[Block]:
    blocks: list[Block] = []
    name = f"scaling_{mix.workload}"
    if figure := draw_hot_mix(mix):
        blocks.append(Drawing(
            name, f"Ways of scaling under {mix.workload}",
            f"{mix.workload}: {_best_said(mix, arms) or 'no split was confirmed'}.",
            f"One total budget{_on(mix)} for proxy, store and databases together. Pooled: one "
            "machine, nothing is split. Everything: split as the ordinary mix uses it. Hot part: "
            "split as the hot mix uses it, so that only what is hot has grown; × scales the hot "
            "program's share further. Replicas: on one pool, with more processes of every program "
            "or of the hot one alone. The ticks are the ends of the answer.",
            (name, f"{name}_probes"), figure))
    else:
        blocks.append(Note(f"{mix.workload}: no way of scaling was found to hold or to fail."))
    blocks += [_way_table(name, mix), _share_table(name, mix)]
    if mix.by_way:
        blocks.append(_saving_table(name, mix))
    if mix.memory:
        blocks.append(_memory_table(name, mix, mix.memory))
    searches = [search for way in mix.ways
                for search in (*way.rate_searches, *way.cpus_searches, *way.memory_searches)]
    return [*blocks, probe_table(f"{name}_probes", searches)]


def _on(mix: HotMix) -> str:
    return f" ({setting(mix.cpus)} CPU)" if mix.cpus is not None else ""


def _way_table(name: str, mix: HotMix) -> Table:
    return Table(
        name, f"{mix.workload}: by way of scaling",
        "Capacity in journeys per second at the whole budget; fewest cores, and the memory held "
        f"at that rate while the objective was met (mean and interval over probes), at "
        f"{setting(mix.rate)} journeys per second. Least MiB: the least limit of memory, for "
        "programs, databases and proxy together, under which a store that was started afresh "
        "carried that rate on the whole budget of cores and nobody was killed (one pool only; –: "
        "not searched, or nothing limits memory on this machine). "
        "Bound: what the CPU would carry if nothing ever waited, and the part whose share is the "
        "limit.",
        ["store", "way", "capacity", "bound", "limit", "fewest cores", "GB", "least MiB"],
        [[way.topology, way_text(way.way), threshold_text(way.capacity),
          number(way.bound.rate if way.bound else None), limit_text(way.bound),
          threshold_text(way.least_cpus), _memory_text(way), threshold_text(way.least_memory)]
         for way in mix.ways],
        ["workload", "topology", "way", "cpus", "capacity_per_s", "low", "high", "bound_per_s",
         "bound_part", "rate_per_s", "least_cpus", "least_cpus_low", "least_cpus_high",
         "held_memory_gb", "held_memory_low", "held_memory_high", "memory_probes",
         "replicas", "replicated", "least_memory_mib", "least_memory_low", "least_memory_high"],
        [[mix.workload, way.topology, way.way, mix.cpus, *_ends(way.capacity),
          *((way.bound.rate, way.bound.part) if way.bound else (None, None)), mix.rate,
          *_ends(way.least_cpus), *_ends(way.held_memory), len(way.memory_gb), way.replicas,
          way.replicated, *_ends(way.least_memory)]
         for way in mix.ways],
        frozenset({2, 3, 5, 6, 7}))


def _memory_table(name: str, mix: HotMix, found: MemoryRatio) -> Table:
    ratio = found.least_memory
    return Table(
        f"{name}_memory", f"{mix.workload}: least memory, {found.rival.topology} ÷ "
        f"{found.base.topology}",
        f"Limits of one pool, one of everything, started afresh, at {setting(mix.rate)} journeys "
        f"per second: {basis_text(ratio)}.",
        ["store", "least MiB", "ratio"],
        [[found.base.topology, threshold_text(found.base.least_memory), ""],
         [found.rival.topology, threshold_text(found.rival.least_memory), ratio_text(ratio)]],
        ["workload", "rival", "base", "rate_per_s", "ratio", "low", "high", "searches", "asked"],
        [[mix.workload, found.rival.topology, found.base.topology, mix.rate, *_ends(ratio), ratio.n,
          ratio.asked]], frozenset({1, 2}))


def _share_table(name: str, mix: HotMix) -> Table:
    return Table(
        f"{name}_shares", f"{mix.workload}: the splits",
        f"Cores by part at the whole budget.{_calibrated(mix)}",
        ["store", "way", "cores"],
        [[way.topology, way_text(way.way), _split(way)] for way in mix.ways],
        ["workload", "topology", "way", "part", "cores"],
        [[mix.workload, way.topology, way.way, part, cores] for way in mix.ways
         for part, cores in sorted(way.shares.items())])


def _calibrated(mix: HotMix) -> str:
    """What the splits follow from; empty without a split."""
    found = mix.calibrations
    if found is None or not any(way.is_split for way in mix.ways):
        return ""
    doubt = (f"; {found.doubtful} of them {'was' if found.doubtful == 1 else 'were'} rejected, and "
             "used for want of another at that rate" if found.doubtful else "")
    return (f" The splits follow from {count(found.n, 'calibration')} of both mixes on one pool, "
            f"each at two rates{doubt}.")


def _ends(found: object) -> tuple[float | None, float | None, float | None]:
    return tuple(getattr(found, end, None) for end in ("value", "low", "high"))  # type: ignore


def _split(way: Way) -> str:
    shares = sorted(way.shares.items(), key=lambda item: (-item[1], item[0]))
    if way.replicas > 1:
        return f"one pool, {way.replicas} replicas of {way.replicated or 'every program'}"
    return ", ".join(f"{part} {number(cpus, 2)}" for part, cpus in shares) or "one pool"


def _memory_text(way: Way) -> str:
    held = way.held_memory
    return f"{number(held.value)} {interval(held.low, held.high)}".strip() if held else ABSENT


def _saving_table(name: str, mix: HotMix) -> Table:
    return Table(
        f"{name}_savings", f"{mix.workload}: everything against the hot part",
        "Cores and memory: scaling everything ÷ scaling the hot part, at the fixed rate (above 1 "
        "the hot part alone needs less). Capacity: hot part ÷ everything, at the whole budget. "
        "Best of k: the split was chosen by the searches that it is judged by, which flatters it. "
        f"Memory is of {ONE_START}. A store of one program has no replicas of its hot part beside "
        "those of everything.",
        ["store", "everything", "hot part", "cores", "memory", "capacity"],
        [[one.topology, way_text(one.everything), way_text(one.way), ratio_text(one.cpus),
          apart_text(one.memory), ratio_text(one.capacity)] for one in mix.by_way],
        ["workload", "topology", "everything", "way", "cpus_ratio", "cpus_low", "cpus_high",
         "memory_ratio", "memory_low", "memory_high", "capacity_ratio", "capacity_low",
         "capacity_high", "cpus_best_of", "capacity_best_of"],
        [[mix.workload, one.topology, one.everything, one.way, *_ends(one.cpus),
          *_ends(one.memory), *_ends(one.capacity),
          *(max(ratio.best_of) if ratio else None for ratio in (one.cpus, one.capacity))]
         for one in mix.by_way],
        frozenset({3, 4, 5}))
