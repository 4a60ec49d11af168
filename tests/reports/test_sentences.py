"""Every generated sentence is read again and held against its numbers."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sentences import (
    CARRIES,
    CARRIES_SAME,
    CHANGED,
    LOST_LESS,
    LOST_SAME,
    NO_MEAN,
    NOISE,
    OF_POSTURE,
    SEARCHED,
    SEARCHED_SAME,
    Said,
    agrees,
    fields,
    speed_sentences,
    value,
)

from reports.arms import Arms
from reports.capacity import Place, Point, PointRatio, Searched
from reports.estimate import Band, Estimate, Ratio
from reports.guards import judge
from reports.headlines import (
    capacity_verdict,
    carried,
    latency_headline,
    scaling_headline,
    void_sentence,
)
from reports.isolation import FaultResult, measure_isolation
from reports.isolation_words import change_verdict, collateral_verdict, isolation_headline
from reports.journeys import Journeys
from reports.latency import Latency, measure_latency, medians_ms
from reports.postures import collateral_of
from reports.read import read_run
from reports.scaling import Capacity, CapacityRatio, CapacityRow, Scaling, measure_scaling
from reports.search import Search, Threshold, merge
from reports.search_words import threshold_verdict
from reports.threshold_ratio import ratio_of_searches, ratio_of_searches_apart
from reports.verdicts import speed_verdict

ARMS = Arms("monolith", "microservices", ())
MORE = settings(max_examples=400, deadline=None)


def logs(most: float) -> st.SearchStrategy[float]:
    """Logarithms of ratios: large, small, and a hair's breadth from 0."""
    return st.one_of(st.floats(-most, most), st.floats(-0.15, 0.15), st.floats(-1e-3, 1e-3))


halves = st.one_of(st.floats(1e-6, 3), st.floats(1e-6, 0.2), st.floats(1e-6, 1e-3))
bands = st.none() | st.builds(
    lambda off, n: Band(math.exp(-off), math.exp(off), n),
    st.one_of(st.floats(0, 0.5), st.floats(0, 1e-3), st.just(math.inf)), st.integers(1, 9))
"""The last: an A/A pair without a ratio leaves no bound."""
adjusted = st.none() | st.floats(0, 1) | st.floats(0.0499, 0.0501)


@st.composite
def ratios(draw: st.DrawFn) -> Ratio:
    n = draw(st.integers(1, 60))
    mid = draw(logs(4))
    if n == 1:
        return Ratio(math.exp(mid), None, None, 1, math.exp(mid), None)
    half = draw(halves)
    wide = draw(halves) if n >= 20 else None
    block = (math.exp(mid - wide), math.exp(mid + wide)) if wide else None
    return Ratio(math.exp(mid), math.exp(mid - half), math.exp(mid + half), n, math.exp(mid),
                 0.5, p_t=0.5, block=block)


def check_speed(said: Said, ratio: Ratio | None, band: Band | None, p: float | None,
                arms: Arms = ARMS) -> None:
    """The claim agrees with what is printed beside it, and what is printed with the data."""
    read = said.read
    if ratio is None:
        assert said.claim == "no pair"
        return
    if ratio.low is None or ratio.high is None:
        assert said.claim == "one pair"
        assert (read["slow"], read["fast"]) == (arms.rival, arms.base)
        assert agrees(read["value"], ratio.value)
        return
    assert value(read["n"]) == ratio.n
    turned = said.claim == "different" and read["slow"] == arms.base
    assert_ends(read, "low", "high", (ratio.low, ratio.high), turned)
    assert ("block_low" in read) == (ratio.block is not None)
    if ratio.block:
        assert_ends(read, "block_low", "block_high", ratio.block, turned)
    assert ("no_aa" in read) == (band is None)
    assert ("boundless" in read) == (band is not None and math.isinf(band.high))
    assert ("band" in read) == (band is not None and math.isfinite(band.high))
    if "band" in read:
        assert band
        assert agrees(read["band"], band.high)
    if band:
        assert value(read.get("aa") or read["aa_void"]) == band.n
    assert ("p" in read) == (p is not None)
    if p is not None:
        is_small = read["sign"] == "<"
        assert p < value(read["p"]) if is_small else agrees(read["p"], p)
    if said.claim == "different":
        assert {read["slow"], read["fast"]} == {arms.base, arms.rival}
        assert agrees(read["value"], 1 / ratio.value if turned else ratio.value)
        assert (ratio.value > 1) == (read["slow"] == arms.rival)
        assert value(read["low"]) <= value(read["value"]) <= value(read["high"])
        floor = max(1.0, value(read.get("band", "1")))
        assert "boundless" not in read
        assert value(read["low"]) > floor
        assert value(read.get("block_low", "9e9")) > floor
        assert value(read.get("p", "0")) < 0.05
        return
    hidden = hidden_by(ratio, band, p)
    inside = all(low >= 1 / 1.1 and high <= 1.1
                 for low, high in filter(None, [(ratio.low, ratio.high), ratio.block]))
    is_sharp = band is None or (band.low >= 1 / 1.1 and band.high <= 1.1)
    assert hidden
    assert said.claim == ("equivalent within ±10 %" if inside and is_sharp
                          else "no difference shown")
    if "why" in read and "is not within ±10 %" in read["why"]:
        assert inside
        assert not is_sharp
    elif "why" in read:
        assert not ratio.low <= 1 <= ratio.high
        reason = {", for blocks": "blocks", ", not beyond": "floor", ", for p": "p",
                  ", too close": "print"}
        assert next(why for start, why in reason.items() if read["why"].startswith(start)) in hidden


def assert_ends(read: dict[str, str], low: str, high: str, truth: tuple[float, float],
                turned: bool) -> None:
    ends = (1 / truth[1], 1 / truth[0]) if turned else truth
    assert agrees(read[low], ends[0])
    assert agrees(read[high], ends[1])


def hidden_by(ratio: Ratio, band: Band | None, p: float | None) -> set[str]:
    """All that forbids to call a difference."""
    assert ratio.low is not None
    assert ratio.high is not None
    low, high = math.log(ratio.low), math.log(ratio.high)
    reasons = set()
    ends = [(low, high)]
    if ratio.block:
        ends.append((math.log(ratio.block[0]), math.log(ratio.block[1])))
    if low <= 0 <= high:
        reasons.add("interval")
    if any(first <= 0 <= last for first, last in ends[1:]):
        reasons.add("blocks")
    nearest = min(max(first, -last) for first, last in ends)
    if nearest < 1e-4:
        reasons.add("print")
    if band and nearest <= math.log(band.high) + 1e-4:
        reasons.add("floor")
    if p is not None and p >= 0.05:
        reasons.add("p")
    return reasons


@MORE
@given(st.none() | ratios(), bands, adjusted)
def test_a_verdict_on_times_says_what_its_numbers_say(
        ratio: Ratio | None, band: Band | None, p: float | None) -> None:
    verdict = speed_verdict("p95 of first requests", ARMS.base, ARMS.rival or "", ratio, band, p)
    said = speed_sentences(verdict.text)
    assert len(said) == 1
    assert said[0].text == verdict.text
    assert said[0].read["what"] == "p95 of first requests"
    check_speed(said[0], ratio, band, p)
    assert (verdict.word in ("slower", "faster")) == (said[0].claim == "different")
    if verdict.word in ("slower", "faster"):
        assert (verdict.word == "slower") == (said[0].read["slow"] == ARMS.rival)
        for number, name in ((verdict.value, "value"), (verdict.low, "low"),
                             (verdict.high, "high")):
            assert number is not None
            assert agrees(said[0].read[name], number)


@given(st.floats(1e-7, 1e7))
def test_a_number_is_read_back_as_it_was_printed(number: float) -> None:
    verdict = speed_verdict("x", "a", "b", Ratio(number, None, None, 1, number, None), None)
    assert agrees(speed_sentences(verdict.text)[0].read["value"], number)
    assert not agrees(speed_sentences(verdict.text)[0].read["value"], number * 1.02)


class Measured:
    """A recorded run, measured: its numbers are then replaced by generated ones."""

    def __init__(self, latency: Latency, scaling: Scaling, isolation: list[FaultResult]) -> None:
        self.latency, self.scaling, self.isolation = latency, scaling, isolation


@pytest.fixture(scope="module")
def measured(run_dir: Path) -> Measured:
    run = read_run(run_dir)
    judged = judge(run.record, medians_ms(run))
    return Measured(measure_latency(run, judged, ARMS), measure_scaling(run, judged, ARMS),
                    measure_isolation(run, judged, ARMS))


@MORE
@given(found=st.tuples(ratios(), st.none() | ratios(), st.none() | ratios()),
       floors=st.tuples(bands, bands, bands), holm=st.tuples(adjusted, adjusted, adjusted),
       whole=st.none() | st.tuples(st.none() | ratios(), bands))
def test_the_headline_on_latency_says_what_its_numbers_say(
        measured: Measured, found: tuple[Ratio | None, ...], floors: tuple[Band | None, ...],
        holm: tuple[float | None, ...], whole: tuple[Ratio | None, Band | None] | None) -> None:
    qs = (50.0, 95.0, 99.0)
    latency = replace(
        measured.latency, ratios=dict(zip(qs, found, strict=True)),
        bands=dict(zip(qs, floors, strict=True)),
        journeys=Journeys({50.0: whole[0], 95.0: None}, {50.0: whole[1]}) if whole else None,
        adjusted=dict(zip(("journey p50", "p95", "p99"), holm, strict=True)))
    text = latency_headline(latency, ARMS, {})
    said = speed_sentences(text)
    of_journeys = [("Whole journeys, median time waited", *whole, holm[0])] if whole else []
    shown = [(what, ratio, floor, p) for what, ratio, floor, p in (
        *of_journeys, ("Median response time", found[0], floors[0], None),
        ("p95", found[1], floors[1], holm[1]), ("p99", found[2], floors[2], holm[2])) if ratio]
    assert [one.read["what"] for one in said] == [what for what, *_ in shown]
    for one, (_, ratio, floor, p) in zip(said, shown, strict=True):
        check_speed(one, ratio, floor, p)
    rest = text.removeprefix(" ".join(one.text for one in said))
    offered = re.fullmatch(r" Offered: ([\d.,]+) journeys/s on ([\d.]+) CPU\.", rest)
    assert offered, rest
    assert {value(offered[1])} == {t.rate_profile[-1][1] for t in latency.trials}
    assert {value(offered[2])} == {t.cpu_budget for t in latency.trials}


def test_a_headline_without_a_usable_trial_claims_nothing(measured: Measured) -> None:
    latency, scaling = measured.latency, measured.scaling
    for text in (latency_headline(replace(latency, trials=[]), ARMS, {}),
                 scaling_headline(replace(scaling, ratios=[]), ARMS, {}),
                 isolation_headline([], ARMS)):
        assert text.startswith("Not measured: ")
        assert not re.search(r"\d", text)


rates = st.floats(0.5, 5000)
open_rates = st.none() | rates


@st.composite
def capacities(draw: st.DrawFn) -> Capacity:
    low, high = draw(open_rates), draw(open_rates)
    if low and high:
        low, high = min(low, high), max(low, high) * 1.01
    return Capacity(low, high, draw(st.integers(1, 4)))


def check_capacity(text: str, low: float | None, high: float | None) -> None:
    """base ÷ rival lies in [low, high]: the store that carries more is the one that must."""
    if "can't be bounded" in text:
        assert low is None
        assert high is None
    elif match := CARRIES.fullmatch(text):
        read = fields(match)
        assert read["more"] in (ARMS.base, ARMS.rival)
        ends = (low, high) if read["more"] == ARMS.base else (
            1 / high if high else None, 1 / low if low else None)
        assert ends[0] is not None
        assert ends[0] > 1
        least = read.get("low", read.get("least", ""))
        assert value(least) > 1
        assert agrees(least, ends[0])
        assert ("high" in read) == (ends[1] is not None)
        if ends[1] is not None:
            assert agrees(read["high"], ends[1])
            assert agrees(read["value"], math.sqrt(ends[0] * ends[1]))
    else:
        match = CARRIES_SAME.fullmatch(text)
        assert match, text
        read = fields(match)
        assert low is None or low <= 1 + 1e-4
        assert high is None or high >= 1 - 1e-4
        for name, end in (("low", low), ("high", high), ("above", low), ("below", high)):
            if name in read:
                assert end is not None
                assert agrees(read[name], end)
        assert len(read) == (low is not None) + (high is not None)


@MORE
@given(st.none() | logs(4), st.none() | halves, st.integers(1, 5))
def test_a_verdict_on_capacity_says_what_its_bounds_say(
        mid: float | None, half: float | None, ramps: int) -> None:
    low = math.exp(mid) if mid is not None else None
    high = math.exp((mid or 0) + half) if half is not None else None
    check_capacity(capacity_verdict(CapacityRatio(0.9, low, high, ramps), ARMS), low, high)


@MORE
@given(capacities(), capacities(), st.none() | st.floats(0.1, 64), st.integers(1, 5))
def test_the_headline_on_scaling_says_what_its_numbers_say(
        measured: Measured, base: Capacity, rival: Capacity, cpus: float | None,
        ramps: int) -> None:
    low = base.low / rival.high if base.low and rival.high else None
    high = base.high / rival.low if base.high and rival.low else None
    curve = [replace(measured.scaling.curve[0], topology=name, cpus=cpus, capacity=capacity)
             for name, capacity in ((ARMS.base, base), (ARMS.rival or "", rival))]
    scaling = replace(measured.scaling, curve=curve, ratios=[CapacityRatio(cpus, low, high, ramps)])
    text = scaling_headline(scaling, ARMS, {})
    match = re.fullmatch(
        r"(?P<where>Without a CPU limit|On (?P<cpus>[\d.,e+-]+) CPU), monolith carried "
        r"(?P<base>.+) and microservices (?P<rival>.+) journeys/s with at least 99 % of requests "
        r"good: (?P<verdict>.+), (?P<ramps>\d+) ramps? each, 10 % allowed for "
        r"repetition\.", text)
    assert match, text
    assert (match["cpus"] is None) == (cpus is None)
    assert cpus is None or value(match["cpus"]) == pytest.approx(cpus, rel=1e-5)
    assert int(match["ramps"]) == ramps
    check_capacity(match["verdict"], low, high)
    for name, capacity in (("base", base), ("rival", rival)):
        check_carried(match[name], capacity)


def check_carried(text: str, capacity: Capacity) -> None:
    numbers = re.findall(r"[\d,.]*\d", text)
    if capacity.low is None and capacity.high is None:
        assert text == "an unknown number of"
    elif capacity.low is None:
        assert text.startswith("fewer than ")
        assert agrees(numbers[0], capacity.high or 0)
    elif capacity.high is None:
        assert text.startswith("at least ")
        assert agrees(numbers[0], capacity.low)
    else:
        assert re.fullmatch(r"\S+ \[\S+, \S+\)", text)
        assert all(agrees(n, end) for n, end in zip(
            numbers, (capacity.low, capacity.low, capacity.high), strict=True))


@st.composite
def thresholds(draw: st.DrawFn) -> Threshold:
    """Of one search: open ends, nothing confirmed, brackets near and far."""
    low = draw(open_rates)
    high = (low or 1.0) * math.exp(draw(halves)) if draw(st.integers(0, 4)) else None
    return Threshold(low if draw(st.integers(0, 4)) else None, low, high, 1)


@st.composite
def stores(draw: st.DrawFn) -> tuple[list[Threshold], list[Threshold]]:
    """The searches of two stores, 1 to 4 each; one in three pairs of stores nearly alike."""
    base = draw(st.lists(thresholds(), min_size=1, max_size=4))
    rival = draw(st.lists(thresholds(), min_size=len(base), max_size=len(base)))
    if draw(st.integers(0, 2)) == 0:
        rival = [replace(one, value=one.value and one.value * by, low=one.low and one.low * by,
                         high=one.high and one.high * by)
                 for one, by in zip(base, draw(st.lists(st.floats(0.8, 1.3), min_size=len(base),
                                                        max_size=len(base))), strict=True)]
    return base, rival


def point_of(name: str, place: Place, found: list[Threshold]) -> Point:
    own = [Search(f"s/{repeat}", "rate", repeat, [], 0, one) for repeat, one in enumerate(found)]
    return Point(name, *place, own, merge(found), None, None, 0)


def truth_of(base: list[Threshold], rival: list[Threshold]) -> tuple[
        float | None, float | None, float | None, bool]:
    """Value, ends and whether pairs decide, by the definitions and none of the code."""
    both = [(a, b) for a, b in zip(base, rival, strict=True) if a.value and b.value]
    if len(both) > 1:
        d = np.log([(a.value or 0) / (b.value or 0) for a, b in both])
        half = stats.t.ppf(0.975, len(d) - 1) * d.std(ddof=1) / math.sqrt(len(d))
        low, high = math.exp(d.mean() - half), math.exp(d.mean() + half)
        least, most = ([divide_ends(one, other) for one, other in two] for two in (
            [(a.low, b.high) for a, b in both], [(a.high, b.low) for a, b in both]))
        silent = [(a, b) for a, b in zip(base, rival, strict=True) if not (a.value and b.value)]
        beyond, above = ([divide_ends(one, other) for one, other in two] for two in (
            [(a.low, b.high) for a, b in silent], [(a.high, b.low) for a, b in silent]))
        ends = (None if None in least + beyond else min(
                    low, float(stats.gmean(np.array(least, float))), *map(float, beyond)),
                None if None in most + above else max(
                    high, float(stats.gmean(np.array(most, float))), *map(float, above)))
        return math.exp(d.mean()), *ends, True
    (a, a_low, a_high), (b, b_low, b_high) = (outermost(one) for one in (base, rival))
    return (a / b if a and b else None, a_low / b_high / 1.1 if a_low and b_high else None,
            a_high / b_low * 1.1 if a_high and b_low else None, False)


def divide_ends(one: float | None, other: float | None) -> float | None:
    return one / other if one and other else None


def outermost(found: list[Threshold]) -> tuple[float | None, float | None, float | None]:
    values, lows, highs = ([getattr(one, end) for one in found] for end in ("value", "low", "high"))
    return (None if None in values else float(np.median(values)),
            None if None in lows else min(lows), None if None in highs else max(highs))


def check_searched(text: str, base: list[Threshold], rival: list[Threshold]) -> None:
    """Who is said to carry more does so beyond what is printed to decide it."""
    ratio, low, high, by_pairs = truth_of(base, rival)
    if low is None and high is None:
        assert text == "monolith and microservices can't be told apart: their ratio has no bound"
        return
    match = SEARCHED.fullmatch(text) or SEARCHED_SAME.fullmatch(text)
    assert match, text
    read = fields(match)
    if "more" in read:
        assert {read["more"], read["less"]} == {ARMS.base, ARMS.rival}
        if read["more"] == ARMS.rival:
            ratio, low, high = (1 / end if end else None for end in (ratio, high, low))
        assert low is not None
        assert low > 1
        assert value(read.get("low", read.get("least", ""))) > 1
        assert agrees(read.get("low", read.get("least", "")), low)
        if "high" in read:
            assert agrees(read["high"], high or 0)
            assert agrees(read["value"], ratio or 0)
        else:
            assert high is None or ratio is None
    else:
        assert low is None or low <= 1 + 1e-4
        assert high is None or high >= 1 - 1e-4
        for name, end in (("low", low), ("high", high), ("above", low), ("below", high)):
            assert name not in read or agrees(read[name], end or 0)
    check_basis(read, base, rival, by_pairs=by_pairs)


def check_basis(read: dict[str, str], base: list[Threshold], rival: list[Threshold], *,
                by_pairs: bool) -> None:
    """How many searches decide, how many had no answer, and what is allowed for repetition."""
    answers = [[one.value is not None for one in found] for found in (base, rival)]
    n = (sum(map(all, zip(*answers, strict=True))) if by_pairs else sum(map(sum, answers)))
    asked = len(base) * (1 if by_pairs else 2)
    assert int(read["n"]) == n
    assert int(read.get("asked", n)) == asked
    assert ("answered" in read) == (n < asked)
    assert read["what"] == ("pairs of searches" if by_pairs else
                            "single searches" if len(base) == 1 else "searches")
    assert read.get("allowed") == (None if by_pairs else "10")


def check_threshold(text: str, found: list[Threshold]) -> None:
    """A capacity as the headline prints it."""
    middle, low, high = outermost(found)
    numbers = re.findall(r"[\d,.]*\d", text)
    if middle is None:
        assert text.endswith(" (not confirmed)")
        truths = [end for end in (low, high) if end is not None]
    elif high is None:
        assert text.startswith("at least ")
        truths = [middle]
    else:
        assert re.fullmatch(r"\S+ \[\S+, \S+\)", text)
        truths = [middle, low or 0, high]
    assert len(numbers) == len(truths)
    assert all(agrees(printed, truth) for printed, truth in zip(numbers, truths, strict=True))


@MORE
@given(stores(), stores(), st.permutations([(0.3, 1), (0.9, 1), (0.9, 2)]))
def test_the_headline_on_searched_capacity_says_what_its_searches_say(
        measured: Measured, found: tuple[list[Threshold], list[Threshold]],
        others: tuple[list[Threshold], list[Threshold]], order: list[tuple[float, int]]) -> None:
    points, ratios_ = [], []
    for cpus, replicas in order:
        two = found if (cpus, replicas) == (0.9, 1) else others
        base, rival = (point_of(name, ("shop", cpus, replicas), own) for name, own in zip(
            (ARMS.base, ARMS.rival or ""), two, strict=True))
        points += [base, rival]
        ratios_.append(PointRatio(base.place, ratio_of_searches(base.searches, rival.searches)))
    scaling = replace(measured.scaling, searched=Searched(points, ratios_, [], []))
    text = scaling_headline(scaling, ARMS, {})
    match = re.fullmatch(
        r"On 0\.9 CPU, journeys/s with at least 99 % of requests good, by search: monolith "
        r"(?P<base>[^;]+), microservices (?P<rival>[^;]+); (?P<verdict>.+)\.", text)
    assert match, text
    for name, own in zip(("base", "rival"), found, strict=True):
        check_threshold(match[name], own)
    check_searched(match["verdict"], *found)


@given(stores(), st.tuples(st.integers(1, 4), st.integers(1, 4)), st.booleans())
def test_a_verdict_on_searches_names_its_choice_and_what_was_measured_apart(
        found: tuple[list[Threshold], list[Threshold]], best_of: tuple[int, int],
        is_apart: bool) -> None:
    above, below = (point_of("x", ("shop", 0.9, 1), own).searches for own in found)
    divide = ratio_of_searches_apart if is_apart else ratio_of_searches
    text = threshold_verdict(replace(divide(above, below), best_of=best_of), "a", "b",
                             "carries more")
    if "can't be told apart" in text:
        return
    match = SEARCHED.fullmatch(text) or SEARCHED_SAME.fullmatch(text)
    assert match, text
    assert (match["apart"] is not None) == is_apart
    chosen = sorted({k for k in best_of if k > 1})
    assert re.findall(r"\d+", match["best"] or "") == [str(k) for k in chosen]


def test_a_capacity_is_carried_by_its_row(measured: Measured) -> None:
    row: CapacityRow = replace(measured.scaling.curve[0], capacity=Capacity(52.1, 65.1, 1))
    assert carried(row) == "52.1 [52.1, 65.1)"


@st.composite
def shares(draw: st.DrawFn) -> Estimate:
    mid = draw(st.floats(0, 1) | st.floats(0, 0.01) | st.floats(-1.5, 0))
    half = draw(st.floats(1e-5, 0.5))
    return Estimate(mid, mid - half, min(mid + half, 1.0), draw(st.integers(1, 9)), "share", "t")


def check_collateral(text: str, base: Estimate, rival: Estimate) -> None:
    gap = (base.value - rival.value) * 100
    half = math.hypot(base.value - (base.low or 0), rival.value - (rival.low or 0)) * 100
    gap, least, most = (max(-100, min(at, 100)) for at in (gap, gap - half, gap + half))
    if match := LOST_LESS.fullmatch(text):
        assert match["less"] == (ARMS.rival if gap > 0 else ARMS.base)
        ends = (least, most) if gap > 0 else (-most, -least)
        assert value(match["low"]) > 0
        assert agrees(match["value"], abs(gap))
    else:
        match = LOST_SAME.fullmatch(text)
        assert match, text
        assert least <= 0 <= most
        ends = (least, most)
    assert agrees(match["low"], ends[0])
    assert agrees(match["high"], ends[1])


@MORE
@given(shares(), shares())
def test_a_verdict_on_collateral_says_what_its_intervals_say(
        base: Estimate, rival: Estimate) -> None:
    check_collateral(collateral_verdict(base, rival, ARMS), base, rival)


def test_collateral_without_an_interval_shows_no_difference() -> None:
    bare = Estimate(0.5, None, None, 1, "share", "t")
    assert collateral_verdict(bare, Estimate(0.1, 0.0, 0.2, 3, "share", "t"), ARMS) == (
        "no interval, so no difference is shown")


def check_change(text: str, raw: Estimate, resilient: Estimate) -> None:
    gap = (raw.value - resilient.value) * 100
    half = math.hypot(raw.value - (raw.low or 0), resilient.value - (resilient.low or 0)) * 100
    gap, least, most = (max(-100, min(at, 100)) for at in (gap, gap - half, gap + half))
    if match := CHANGED.fullmatch(text):
        is_less = match["way"] == "less"
        assert least > 0 if is_less else most < 0
        ends = (least, most) if is_less else (-most, -least)
        assert agrees(match["value"], abs(gap))
    else:
        match = LOST_SAME.fullmatch(text)
        assert match, text
        assert least <= 0 <= most
        ends = (least, most)
    assert agrees(match["low"], ends[0])
    assert agrees(match["high"], ends[1])


@MORE
@given(shares(), shares())
def test_a_verdict_on_resilience_says_what_its_intervals_say(
        raw: Estimate, resilient: Estimate) -> None:
    check_change(change_verdict(raw, resilient), raw, resilient)


def with_losses(known: FaultResult, losses: tuple[Estimate, Estimate], repeats: int,
                **changes: Any) -> FaultResult:
    pairs = zip((ARMS.base, ARMS.rival or ""), losses, strict=True)
    return replace(known, losses={name: replace(known.losses[name], collateral=one)
                                  for name, one in pairs},
                   repeats=repeats, void=None, **changes)


def check_posture(read: tuple[str, ...], results: list[FaultResult]) -> None:
    """Two shares with their intervals, the number of faults, their names, the verdict."""
    estimates = [collateral_of(results, name) for name in (ARMS.base, ARMS.rival or "")]
    for place, (estimate, name) in enumerate(zip(estimates, (ARMS.base, ARMS.rival or ""),
                                                 strict=True)):
        assert estimate is not None
        given_shares = [one.losses[name].collateral for one in results]
        assert estimate.value == pytest.approx(
            sum(one.value for one in given_shares if one) / len(results))
        for printed, truth in zip(read[3 * place:3 * place + 3],
                                  (estimate.value, estimate.low, estimate.high), strict=True):
            assert truth is not None
            assert abs(value(printed) - truth * 100) <= 0.05 + 1e-9
    assert int(read[6]) == len(results)
    assert re.split(", | and ", read[7]) == [one.fault.name for one in results]
    assert estimates[0] is not None
    assert estimates[1] is not None
    check_collateral(read[8], estimates[0], estimates[1])


START = "While a module was broken, requests that do not need it were lost: "
TWICE = START.replace(": ", r"\.")


@MORE
@given(st.lists(st.tuples(shares(), shares(), st.integers(1, 3)), min_size=1, max_size=3),
       st.integers(0, 2))
def test_the_headline_on_isolation_says_what_its_numbers_say(
        measured: Measured, given_losses: list[tuple[Estimate, Estimate, int]],
        spares_none: int) -> None:
    results = [with_losses(known, (base, rival), repeats) for known, (base, rival, repeats)
               in zip(measured.isolation, given_losses, strict=False)]
    known = measured.isolation[0]
    of_all = [replace(known, fault=known.fault.model_copy(
        update={"module": "database", "name": f"database-{number}"})) for number in range(
            spares_none)]
    match = re.fullmatch(rf"{START}{OF_POSTURE}{NOISE}{NO_MEAN}\.",
                         isolation_headline([*of_all, *results], ARMS))
    assert match
    check_posture(match.groups()[:9], results)
    assert (match[10] is not None) == (min(one.repeats for one in results) == 1)
    assert int(match[11] or 0) == spares_none
    assert match[12] == {0: None, 1: "is", 2: "are"}[spares_none]


@MORE
@given(st.lists(st.tuples(*[shares()] * 4, st.integers(1, 3)), min_size=1, max_size=3),
       st.integers(0, 3))
def test_the_headline_on_two_postures_says_what_its_numbers_say(
        measured: Measured, given_losses: list[tuple[Estimate, Estimate, Estimate, Estimate, int]],
        voids: int) -> None:
    raw, resilient = [], []
    for known, (a, b, c, d, n) in zip(measured.isolation, given_losses, strict=False):
        raw.append(with_losses(known, (a, b), n, is_only_posture=False))
        resilient.append(with_losses(known, (c, d), n, posture="resilient",
                                     is_only_posture=False))
    lost = [replace(one, void="it did not act") for one in resilient[:voids]]
    met = resilient[voids:]
    text = isolation_headline([*raw, *lost, *met], ARMS)
    is_once = min(one.repeats for one in [*raw, *met]) == 1
    if not met:
        match = re.fullmatch(rf"{TWICE} Raw: {OF_POSTURE}\. Resilient: not measured\. No fault "
                             rf"can be compared in both postures{NOISE}\.", text)
        assert match, text
        check_posture(match.groups()[:9], raw)
        assert (match[10] is not None) == is_once
        return
    match = re.fullmatch(
        rf"{TWICE} Raw: {OF_POSTURE}\. Resilient: {OF_POSTURE}\. What resilience changed, mean of "
        r"(\d+) faults? met in both postures: monolith (.+? points[^;]*?) and microservices "
        rf"(.+? points[^;]*?){NOISE}\.", text)
    assert match, text
    check_posture(match.groups()[:9], raw)
    check_posture(match.groups()[9:18], met)
    assert int(match[19]) == len(met)
    for said, store in ((match[20], ARMS.base), (match[21], ARMS.rival or "")):
        before, after = (collateral_of(some, store) for some in (raw[voids:], met))
        assert before is not None
        assert after is not None
        check_change(said, before, after)
    assert (match[22] is not None) == is_once


@given(st.dictionaries(st.sampled_from(["monolith", "microservices"]),
                       st.lists(st.sampled_from([f"I{k}" for k in range(1, 8)]), min_size=1,
                                unique=True), max_size=2))
def test_books_that_do_not_balance_leave_no_speed(
        measured: Measured, red: dict[str, list[str]]) -> None:
    said = void_sentence(red, ARMS)
    if not red:
        assert said is None
        return
    assert said is not None
    named = {name: found.split(", ") for name, found in re.findall(r"(\w+) \(([^)]+)\)", said)}
    assert named == red
    assert latency_headline(measured.latency, ARMS, red) == said
    assert scaling_headline(measured.scaling, ARMS, red) == said
    assert not speed_sentences(said)
