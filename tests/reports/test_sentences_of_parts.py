"""Sentences inside the chapters are read again as those of page one are: by their own digits."""

from __future__ import annotations

import math
import re
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sentences import N, agrees, value

from reports.arms import Arms
from reports.break_even import BreakEven, break_even_said, find_break_even
from reports.compare_lines import Line as Compared
from reports.confounds.drift import Drift
from reports.confounds.little import FULL, WAITED, PoolLoad
from reports.confounds.utilisation import SATURATED, Bottleneck, PartUse
from reports.confounds.warmup import Warmup
from reports.cost_ratios import CostRatio
from reports.distance import ALL, CriticalPath, Distance
from reports.endpoints import EndpointRow
from reports.estimate import Band, Estimate, Ratio
from reports.estimate_apart import Apart
from reports.hops import Line
from reports.latency import Latency
from reports.parts.calls import gap_said
from reports.parts.cost import cost_verdict
from reports.parts.distance import distance_said
from reports.parts.endpoints import endpoints_said
from reports.parts.hot import memory_said
from reports.price import PriceList

ARMS = Arms("monolith", "microservices", ())
MORE = settings(max_examples=300, deadline=None)
ENDS = rf"\[({N}), ({N})\]"

sizes = st.one_of(st.floats(-1e4, 1e4), st.floats(-1, 1), st.floats(-1e-4, 1e-4))
widths = st.one_of(st.floats(1e-9, 1e4), st.floats(1e-9, 1), st.floats(1e-9, 1e-4))
factors = st.one_of(st.floats(-4, 4), st.floats(-0.2, 0.2), st.floats(-1e-3, 1e-3))
shares = st.floats(0, 1)


@st.composite
def estimates(draw: st.DrawFn) -> Estimate:
    """With an interval around its value, or of one trial without."""
    at, n = draw(sizes), draw(st.integers(1, 40))
    half = draw(widths)
    low, high = (None, None) if n == 1 else (at - half, at + half)
    return Estimate(at, low, high, n, "ms", "t")


def triple(found: Any) -> tuple[float, float, float]:
    assert found.low is not None
    assert found.high is not None
    return found.value, found.low, found.high


def agree(printed: tuple[str | Any, ...], truths: tuple[float, ...]) -> None:
    for text, truth in zip(printed, truths, strict=True):
        assert agrees(text, truth), (text, truth)


@MORE
@given(estimates(), estimates(), st.integers(3, 9), st.sampled_from(["monolith", "colocated"]))
def test_the_price_of_a_call_is_claimed_only_beyond_zero(
        slope: Estimate, start: Estimate, endpoints: int, minus: str) -> None:
    """And as the call's alone only against the same code in one process."""
    assume((slope.low is None) == (start.low is None))
    said = gap_said(Line("microservices", minus, start, slope, endpoints))
    added = (rf"adds ({N}) ms {ENDS}" if minus == "colocated" else
             rf"comes with ({N}) ms {ENDS} more, of the call and of the work that goes with it")
    basis = r"\((\d+) pairs?, a line through (\d+) endpoints\)\."
    if match := re.fullmatch(rf"Each further call between services {added}; without a call the "
                             rf"difference is ({N}) ms {ENDS} {basis}", said):
        agree(match.groups()[:3], triple(slope))
        agree(match.groups()[3:6], triple(start))
        assert value(match[2]) > 0 or value(match[3]) < 0
    else:
        match = re.fullmatch(rf"No price of a call between services shown: ({N}) ms a call "
                             rf"(?:{ENDS}|\(one pair, no interval\)) {basis}", said)
        assert match, said
        agree(match.groups()[:1], (slope.value,))
        if slope.low is None or slope.high is None:
            assert match[2] is None
        else:
            agree(match.groups()[1:3], (slope.low, slope.high))
            assert slope.low <= 0 <= slope.high
    assert [int(one) for one in match.groups()[-2:]] == [slope.n, endpoints]


@MORE
@given(estimates(), st.floats(0, 12), st.floats(0, 12))
def test_a_cost_of_distance_is_claimed_only_above_zero(slope: Estimate, calls: float,
                                                       other: float) -> None:
    assume(other < calls)
    luckier = Estimate(1e6, 9e5, 2e6, 5, "ms", "t")
    found = Distance("microservices", "", 3, [], [], [
        CriticalPath("get_cart", other, luckier, None), CriticalPath("place_order", calls, slope,
                                                                     None),
        CriticalPath(ALL, 99.0, luckier, None)], is_measured=True)
    said = distance_said(found)
    told = rf"({N})(?: {ENDS})?"
    if match := re.fullmatch(rf"Each millisecond there and back adds {told} ms to the median "
                             rf"place_order, whose answers report ({N}) calls \((\d+) groups?\)\.",
                             said):
        agree(match.groups()[:4], (*triple(slope), calls))
        assert value(match[2]) > 0
    else:
        match = re.fullmatch(rf"No cost of distance shown: place_order {told} ms for each "
                             r"millisecond there and back \((\d+) groups?\)\.", said)
        assert match, said
        agree(match.groups()[:1], (slope.value,))
        assert slope.low is None or slope.low <= 0
    assert int(match.groups()[-1]) == slope.n


WORDS = re.compile(
    r"Of (?P<n>\d+) endpoints?, microservices is slower than monolith on (?P<slower>\d+), "
    r"faster on (?P<faster>\d+); no difference shown on (?P<same>\d+)"
    r"(?:; not compared: (?P<silent>.*))?\.")


@MORE
@given(st.lists(st.tuples(factors, st.floats(1e-3, 0.5), st.floats(0, 0.5), shares), min_size=1,
                max_size=8), st.integers(0, 2))
def test_endpoints_are_counted_as_different_only_beyond_all_that_decides(
        found: list[tuple[float, float, float, float]], silent: int) -> None:
    """Beyond 1, beyond what a store differs from itself by, and with Holm's p below 0.05."""
    rows, adjusted, truth = [], {}, {"slower": 0, "faster": 0}
    for number, (at, half, off, p) in enumerate(found):
        ends = math.exp(at - half), math.exp(at + half)
        ratio = Ratio(math.exp(at), *ends, 8, math.exp(at), p,
                      band=Band(math.exp(-off), math.exp(off), 2))
        rows.append(EndpointRow(f"e{number}", ARMS.rival or "", 9, {}, None, ratio))
        adjusted[f"e{number}"] = p
        is_clear = abs(at) - half > off + 1e-2 and p < 0.05
        is_close = abs(abs(at) - half - off) <= 1e-2
        assume(not (is_close and p < 0.05))  # digits decide: tests/reports/test_sentences.py
        truth["slower" if at > 0 else "faster"] += is_clear
    rows += [EndpointRow(f"s{number}", ARMS.rival or "", 9, {}, None, None, "in 1 of 8 pairs half "
                         "of a trial's requests or more were not answered rightly")
             for number in range(silent)]
    said = WORDS.fullmatch(endpoints_said(
        cast(Latency, SimpleNamespace(endpoints=rows, adjusted=adjusted, arms=ARMS)),
        ARMS.rival or "", ARMS.base))
    assert said
    assert {word: int(said[word]) for word in truth} == truth
    assert int(said["n"]) == len(found) + silent
    assert int(said["same"]) == len(found) - sum(truth.values())
    assert (said["silent"] or "").count("not answered rightly") == silent


@st.composite
def break_evens(draw: st.DrawFn) -> BreakEven:
    """Of stores whose money an hour lies about a line."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    noise = draw(st.sampled_from([1e-4, 0.01, 0.2]))
    points = []
    for name in (ARMS.base, ARMS.rival):
        idle, slope = draw(st.floats(0.01, 0.6)), draw(st.floats(0.001, 0.05))
        first = draw(st.floats(0.5, 10))
        for step in range(draw(st.integers(3, 6))):
            rate = first * (step + 1)
            points.append(SimpleNamespace(
                trial=SimpleNamespace(topology=name, replicas=1, connections=24, phase="search",
                                      cpu_budget=0.9), rate=rate,
                cores=idle + slope * rate + float(rng.normal(0, noise)), memory_gb=0.5, holds=True))
    found = find_break_even(points, ARMS.base, ARMS.rival,  # type: ignore[arg-type]
                            PriceList("EUR", 0.04, 0.005, 0.0, 0.05))
    assume(found is not None)
    assert found is not None
    return found


@MORE
@given(break_evens())
def test_the_cheaper_store_is_named_where_both_ends_of_the_range_say_so(found: BreakEven) -> None:
    said = break_even_said(found)
    between = rf"between ({N}) and ({N}) journeys/s"
    ends = found.at_least, found.at_most
    if match := re.fullmatch(rf"(\w+) is cheaper below ({N}) {ENDS} journeys/s, (\w+) above "
                             rf"\(measured {between}\)", said):
        first, then = match[1], match[5]
        assert {first, then} == {ARMS.base, ARMS.rival}
        for store, (_, low, high) in zip((first, then), map(triple, ends), strict=True):
            assert low > 0 if store == ARMS.base else high < 0
        assert found.rate
        agree(match.groups()[1:4], triple(found.rate))
        assert found.least_rate <= triple(found.rate)[1] <= found.rate.value
        assert found.rate.value <= triple(found.rate)[2] <= found.most_rate
    elif match := re.fullmatch(rf"(\w+) is cheaper at every load measured in both stores, "
                               rf"{between}", said):
        for _, low, high in map(triple, ends):
            assert low > 0 if match[1] == ARMS.base else high < 0
    else:
        match = re.fullmatch(rf"which store is cheaper is not shown over the whole range "
                             rf"{between}", said)
        assert match, said
        assert any(low <= 0 <= high for _, low, high in map(triple, ends))
    agree(match.groups()[-2:], (found.least_rate, found.most_rate))


@MORE
@given(factors, st.floats(1e-6, 2), st.integers(1, 40), st.none() | st.floats(0, 0.4),
       st.none() | shares)
def test_a_verdict_on_cost_says_what_its_numbers_say(
        mid: float, half: float, n: int, off: float | None, p: float | None) -> None:
    ends = (None, None) if n == 1 else (math.exp(mid - half), math.exp(mid + half))
    ratio = Ratio(math.exp(mid), *ends, n, math.exp(mid), None)
    band = Band(math.exp(-off), math.exp(off), 2) if off is not None else None
    said = cost_verdict(CostRatio("shop", "money", ratio, band, p), ARMS)
    if match := re.fullmatch(rf"(\w+) costs more, ×({N}) {ENDS}, (\d+) pairs?", said):
        turned = match[1] == ARMS.base
        found = triple(ratio)
        agree(match.groups()[1:4], tuple(1 / one for one in (found[0], found[2], found[1]))
              if turned else found)
        assert value(match[3]) > (math.exp(off) if off else 1)
        assert p is None or p < 0.05
        assert int(match[5]) == n
    elif match := re.fullmatch(rf"no difference shown \(between ×({N}) and ×({N}), (\d+) pairs?\)",
                               said):
        agree(match.groups()[:2], triple(ratio)[1:])
        floor = math.log(band.high) if band else 0.0
        nearest = max(mid - half, -mid - half)
        assert nearest <= floor + 1e-4 or (p is not None and p >= 0.05)
    else:
        match = re.fullmatch(rf"(\w+) took ~×({N}) of (\w+) in one pair; one pair has no interval",
                             said)
        assert match, said
        assert n == 1
        agree((match[2],), (ratio.value,))


@MORE
@given(factors, st.floats(1e-6, 2), st.integers(2, 40))
def test_a_verdict_on_memory_says_what_its_numbers_say(mid: float, half: float, n: int) -> None:
    found = Apart(math.exp(mid), math.exp(mid - half), math.exp(mid + half), (n, n + 1))
    said = memory_said(found, "replicas of everything", "replicas of hot part")
    number = rf"×({N}) {ENDS}"
    if match := re.fullmatch(rf"(replicas of \w+(?: \w+)?) hold more memory than (.+), {number}, "
                             r"(\d+) probes, 10 % allowed for another start", said):
        turned = match[1] == "replicas of hot part"
        assert {match[1], match[2]} == {"replicas of everything", "replicas of hot part"}
        ends = triple(found)
        agree(match.groups()[2:5], tuple(1 / one for one in (ends[0], ends[2], ends[1]))
              if turned else ends)
        assert (mid > 0) != turned
        assert abs(mid) > half
    else:
        match = re.fullmatch(r"no difference in memory is shown between replicas of everything "
                             rf"and replicas of hot part \({number}, (\d+) probes, 10 % "
                             r"allowed for another start\)", said)
        assert match, said
        agree(match.groups()[:3], triple(found))
        assert abs(mid) <= half * (1 + 1e-9)
    assert int(match.groups()[-1]) == 2 * n + 1


@MORE
@given(factors, st.floats(1e-6, 2), st.booleans())
def test_a_change_between_two_runs_is_claimed_only_by_its_interval(
        mid: float, half: float, is_share: bool) -> None:
    one = Estimate(1.0, 0.9, 1.1, 4, "ratio", "t")
    ends = ((mid, mid - half, mid + half) if is_share else
            (math.exp(mid), math.exp(mid - half), math.exp(mid + half)))
    line = Compared("isolation" if is_share else "latency", "x", "ratio", one, one,
                    Estimate(*ends, 4, "ratio", "t"))
    said = line.verdict
    if said == "no difference shown":
        assert abs(mid) <= half + 1e-4
        return
    assert abs(mid) > half
    if is_share:
        match = re.fullmatch(rf"(more|less) lost, \+?({N}) points", said)
        assert match, said
        assert (match[1] == "more") == (mid > 0)
        agree((match[2],), (mid * 100,))
    else:
        match = re.fullmatch(rf"(greater|smaller), ×({N})", said)
        assert match, said
        assert (match[1] == "greater") == (mid > 0)
        agree((match[2],), (math.exp(mid),))


@MORE
@given(factors, st.floats(1e-6, 2), st.integers(6, 90), shares)
def test_drift_is_named_only_beyond_its_interval(mid: float, half: float, n: int,
                                                 p: float) -> None:
    ends = math.exp(mid), math.exp(mid - half), math.exp(mid + half)
    drift = Drift("monolith", n, *ends, p)
    numbers = rf"\(×({N}) {ENDS} over its longest series, (\d+) trials in all, p (?:=|<) ({N})\)"
    if match := re.fullmatch(rf"monolith: the median drifted (slower|faster) while the run went on "
                             rf"{numbers}\. Ratios of adjacent pairs .+\.", drift.sentence):
        assert (match[1] == "slower") == (mid > 0)
        assert abs(mid) > half
        assert p < 0.05
    else:
        match = re.fullmatch(rf"monolith: no drift shown {numbers}\.", drift.sentence)
        assert match, drift.sentence
        assert abs(mid) <= half or p >= 0.05 or abs(mid) < math.log(1.05)
    agree(match.groups()[-5:-2], ends)
    assert int(match.groups()[-2]) == n


@MORE
@given(factors, st.floats(1e-6, 2), st.integers(3, 60), shares)
def test_a_warm_up_is_called_over_or_not_by_its_interval(mid: float, half: float, n: int,
                                                         p: float) -> None:
    ends = math.exp(mid), math.exp(mid - half), math.exp(mid + half)
    said = Warmup("monolith", "shop@30", Ratio(*ends, n, ends[0], None), p).sentence
    match = re.fullmatch(
        rf"monolith, shop@30: (warm-up was not over when measuring began|answers took longer the "
        rf"longer the load lasted|steady) \(first third ÷ rest ×({N}) {ENDS}, (\d+) trials, "
        rf"p (?:=|<) ({N})\).*", said)
    assert match, said
    agree(match.groups()[1:4], ends)
    assert int(match[5]) == n
    if match[1] == "steady":
        assert abs(mid) <= half or p >= 0.05 or abs(mid) <= math.log(1.05) + 1e-9
    else:
        assert p < 0.05
        assert abs(mid) > half
        assert (mid > 0) == match[1].startswith("warm-up")


@MORE
@given(st.integers(1, 64), st.floats(1e-4, 2), st.floats(0.01, 1.2), shares,
       st.floats(0.01, 900), st.booleans())
def test_a_pool_is_called_exhausted_by_its_own_numbers(
        size: int, hold_s: float, busy: float, waited: float, wait_ms: float, copes: bool) -> None:
    load = PoolLoad("monolith", "latency shop", "monolith/threads", size, hold_s,
                    busy * size / hold_s, waited, wait_ms, counts_waiting=copes)
    held = rf"held ({N}) ms each time, carries at most ({N}) a second and carried ({N}) \((\d+) %\)"
    what = "monolith, latency shop: pool monolith/threads of "
    numbers = (hold_s * 1000, size / hold_s, busy * size / hold_s, busy * 100)
    if match := re.fullmatch(rf"{what}(\d+) was exhausted: {held}\. Its size decides, not the "
                             r"architecture\.", load.sentence):
        assert busy >= FULL * (1 - 1e-9)
        agree(match.groups()[1:], numbers)
    elif match := re.fullmatch(rf"{what}(\d+) was waited for by ({N}) % of those who took from it, "
                               rf"({N}) ms each; {held}\.", load.sentence):
        assert copes
        assert waited >= WAITED
        agree(match.groups()[1:], (waited * 100, wait_ms, *numbers))
    else:
        match = re.fullmatch(rf"{what}(\d+): {held}\.", load.sentence)
        assert match, load.sentence
        assert busy <= FULL * (1 + 1e-9)
        assert not copes or waited < WAITED
        agree(match.groups()[1:], numbers)
    assert int(match[1]) == size


@MORE
@given(st.lists(st.tuples(st.floats(0.01, 90), shares), min_size=1, max_size=5),
       st.none() | st.floats(0, 1.1), st.booleans())
def test_a_bottleneck_is_the_part_that_gives_out_first(
        parts: list[tuple[float, float]], whole: float | None, is_partitioned: bool) -> None:
    uses = sorted((PartUse(f"part{number}", demand, used)
                   for number, (demand, used) in enumerate(parts)), key=lambda use: -use.demand_ms)
    said = Bottleneck("monolith", "shop@30", 4, uses, whole, is_partitioned).sentence
    match = re.fullmatch(
        rf"monolith, shop@30: the bottleneck is (part\d), ({N}) CPU ms an answer; (?:no CPU budget "
        r"bounds it|(\d+) % of (its share|the budget) was used(: these response times are waiting "
        r"as much as work)?)\.", said)
    assert match, said
    used = max(use.utilisation or 0.0 for use in uses) if is_partitioned else whole
    named = next(use for use in uses if use.part == match[1])
    assert (named.utilisation == used if is_partitioned
            else named.demand_ms == max(use.demand_ms for use in uses))
    agree((match[2],), (named.demand_ms,))
    assert (match[3] is None) == (used is None)
    if used is not None:
        agree((match[3],), (used * 100,))
        assert (match[4] == "its share") == is_partitioned
        assert (match[5] is not None) == (used >= SATURATED)
