"""What a network distance between services does to answers."""

from __future__ import annotations

from reports.distance import ALL, CriticalPath, Distance
from reports.document import Block, Drawing, Heading, Note
from reports.figures.distance import draw_distance
from reports.table import Table
from reports.words import ABSENT, count, in_ms, interval, number


def distance_blocks(found: list[Distance]) -> list[Block]:
    """Figure, critical paths, times, and whether the distance acted; nothing without trials."""
    return [block for index, one in enumerate(found) for block in _blocks(one, index)]


def _blocks(found: Distance, index: int) -> list[Block]:
    name = f"distance{f'_{index + 1}' if index else ''}"
    blocks: list[Block] = [Heading(f"Network distance between services: {found.topology}")]
    if not found.is_measured:
        blocks.append(Note("The distance was not measured in every trial: slopes are against "
                           "what was asked for.", "caveat"))
    figure = draw_distance(found)
    if figure is None:
        return [*blocks, Note("Not shown: no group of trials has two distances and an endpoint "
                              "with rows enough in each."), _mark_table(found, name)]
    return [*blocks, Drawing(
        name, "Service time against the distance between services",
        distance_said(found),
        "Left: medians of right answers. Right: a dot is the slope of that median, in "
        "milliseconds for each millisecond there and back: the number of calls that wait for "
        "one another; bar: 95 % t interval over groups; tick: all calls that the answer "
        "reported. A dot left of its tick means calls made side by side.",
        (f"{name}_paths", f"{name}_times"), figure),
        _path_table(found, name), _mark_table(found, name)]


def distance_said(found: Distance) -> str:
    """What the endpoint with the most calls pays for the distance."""
    paths = [path for path in found.paths if path.what != ALL]
    most = max(paths, key=lambda path: path.calls)  # not by slope: the luckiest would be told
    slope = most.p50
    told = f"{number(slope.value)} {interval(slope.low, slope.high)}".strip()
    if slope.low is None or slope.low <= 0:
        return (f"No cost of distance shown: {most.what} {told} ms for each millisecond there "
                f"and back ({count(slope.n, 'group')}).")
    return (f"Each millisecond there and back adds {told} ms to the median {most.what}, whose "
            f"answers report {number(most.calls)} calls ({count(slope.n, 'group')}).")


def _path_table(found: Distance, name: str) -> Table:
    asked = "; ".join(
        f"{number(a.asked_ms)} ms asked, " + (f"{in_ms(a.measured_ms.value)} measured"
                                              if a.measured_ms else "not measured")
        for a in found.acted)
    return Table(
        f"{name}_paths", "Calls on the critical path",
        f"Slope of time against distance there and back, group by group, 95 % t interval. One "
        f"way: {asked}.",
        ["endpoint", "groups", "calls reported", "slope of p50", "slope of p95"],
        [[p.what, str(p.p50.n), number(p.calls),
          f"{number(p.p50.value)} {interval(p.p50.low, p.p50.high)}".strip(), _tail(p)]
         for p in found.paths],
        ["endpoint", "groups", "calls", "p50_slope", "p50_low", "p50_high", "p95_slope",
         "p95_low", "p95_high"],
        [[p.what, p.p50.n, p.calls, p.p50.value, p.p50.low, p.p50.high,
          *((p.p95.value, p.p95.low, p.p95.high) if p.p95 else (None,) * 3)]
         for p in found.paths],
        frozenset({1, 2, 3, 4}))


def _tail(path: CriticalPath) -> str:
    if path.p95 is None:
        return "too few"
    return f"{number(path.p95.value)} {interval(path.p95.low, path.p95.high)}".strip()


def _mark_table(found: Distance, name: str) -> Table:
    return Table(
        f"{name}_times", "Service time by distance",
        "Means over groups, ms. p95 needs 400 rows in each trial.",
        ["endpoint", "asked, one way", "there and back", "p50", "p95"],
        [[m.what, number(m.asked_ms), number(m.round_trip_ms), number(m.p50.value),
          number(m.p95.value) if m.p95 else ABSENT] for m in found.marks],
        ["endpoint", "asked_ms", "round_trip_ms", "p50_ms", "p50_low", "p50_high", "p95_ms"],
        [[m.what, m.asked_ms, m.round_trip_ms, m.p50.value, m.p50.low, m.p50.high,
          m.p95.value if m.p95 else None] for m in found.marks],
        frozenset({1, 2, 3, 4}))
