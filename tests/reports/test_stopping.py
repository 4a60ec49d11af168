"""A series ends on the width of its intervals: which pairs count, and when they are enough."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sentences import value
from synthetic import Planted, write_run

from contract.results import SCHEMA_VERSION
from contract.run_record import Limits, RunRecord, TrialRecord
from reports.compose import describe
from reports.document import Note
from reports.estimate import half_width, half_width_of_pairs, ratio_of_pairs
from reports.figures.style import drawing_style
from reports.latency import Latency
from reports.parts.stopping import stop_notes
from reports.read import read_run
from reports.stopping import HELD_WHEN_STOPPED, Ending, WidthRule, ending_of, width_rule

STORES = ("monolith", "microservices")
RULE = WidthRule(*STORES, {"p50": 0.05}, 8)
UNMEASURED = Latency({}, [], {}, {}, [], {}, 0, [])


def trial(pair: int, topology: str, p50_ms: float | None = 5.0, **changes: Any) -> TrialRecord:
    return TrialRecord.model_validate({
        "id": pair, "phase": "latency", "series": "shop@30", "pair": pair, "topology": topology,
        "store": "monolith", "workload": "shop", "rate_profile": [(2.0, 30.0), (15.0, 30.0)],
        "seed": 1, "warmup_s": 2.0, "measure_s": 15.0, "cpu_budget": 0.9, "slo_ms": 250.0,
        "p50_ms": p50_ms, "p95_ms": None if p50_ms is None else 3 * p50_ms} | changes)


def pairs(n: int, spread: float = 0.0) -> list[TrialRecord]:
    """So many pairs of two stores, of which the rival's every second trial is slower."""
    return [trial(number, topology, 5.0 * math.exp(spread * (number % 2) * (place == 1)))
            for number in range(n) for place, topology in enumerate(STORES)]


@pytest.mark.parametrize(("n", "spread", "is_met"), [
    (7, 0.0, False), (8, 0.0, True), (8, 0.5, False), (9, 0.05, True)])
def test_pairs_are_enough_when_there_are_so_many_and_the_interval_is_narrow(
        n: int, spread: float, is_met: bool) -> None:
    assert RULE.is_met(pairs(n, spread)) == is_met


def test_every_width_that_was_asked_for_must_be_reached() -> None:
    found = pairs(8)
    for one in found[1::2]:
        one.p95_ms = 15.0 * math.exp(one.pair % 2)
    assert RULE.is_met(found)
    assert not WidthRule(*STORES, {"p50": 0.05, "p95": 0.1}, 8).is_met(found)
    assert not WidthRule(*STORES, {}, 8).is_met(found)


def test_rejected_trials_other_stores_and_aa_pairs_do_not_count() -> None:
    seven = pairs(7)
    for more in ([trial(8, "monolith"), trial(8, "microservices", status="rejected")],
                 [trial(8, "monolith"), trial(8, "microservices", None)],
                 [trial(8, "monolith"), trial(8, "colocated")],
                 [trial(8, "monolith", is_aa=True), trial(8, "monolith", is_aa=True, arm="b")]):
        assert not RULE.is_met([*seven, *more])
    assert RULE.is_met([*seven, trial(8, "monolith"), trial(8, "microservices")])


def test_pairs_of_one_store_with_itself_are_counted_where_nothing_else_is_measured() -> None:
    stop = {"p50": 0.05, "p95": None, "least_pairs": 8}
    rule = width_rule({"aa": True, "stop": stop}, STORES)
    assert rule
    own = [trial(number, "monolith", is_aa=True, arm=arm) for number in range(8) for arm in "ab"]
    assert rule.is_met(own)
    assert not rule.is_met(own[:-1])
    assert not rule.is_met(pairs(8))


def test_a_rule_is_read_from_the_keys_of_a_series() -> None:
    stop = {"p50": 0.03, "p95": 0.07, "least_pairs": 10, "seconds": 960}
    assert width_rule({"stop": stop}, STORES) == WidthRule(*STORES, {"p50": 0.03, "p95": 0.07}, 10)
    own = width_rule({"stop": stop, "topologies": ["monolith", "colocated"]}, STORES)
    assert own
    assert own.rival == "colocated"
    assert width_rule({"stop": None}, STORES) is None


@pytest.mark.parametrize("n", [2, 8, 25])
def test_the_width_that_stops_a_series_is_that_of_the_printed_interval(n: int) -> None:
    a, b = np.exp(np.random.default_rng(n).normal(0.4, 0.3, (2, n)))
    ratio = ratio_of_pairs(a, b)
    assert ratio
    assert half_width_of_pairs(a, b) == pytest.approx(half_width(ratio))


def test_without_an_interval_there_is_no_width() -> None:
    assert half_width_of_pairs([1.0], [2.0]) is None
    assert half_width_of_pairs([1.0, 2.0], [1.0, math.inf]) is None
    assert half_width_of_pairs([], []) is None


def a_record(**changes: Any) -> RunRecord:
    nothing = Limits(cpu_budget=None, memory_budget_mb=None, enforced_by="nothing", enforced=[],
                     not_enforced=[], system_cpus=[0], generator_cpus=[1])
    return RunRecord(**{
        "schema_version": SCHEMA_VERSION, "run": "r", "scenario": "s", "scenario_resolved": {},
        "seed": 1, "started_unix_s": 0.0, "machine": {}, "versions": {}, "topologies": {},
        "limits": nothing} | changes)


STOP = {"p50": 0.05, "p95": None, "least_pairs": 8, "seconds": 900}
AGAIN = [trial(3, topology, attempt=1) for topology in STORES]
TWICE = [trial(90, "monolith", is_aa=True, arm=arm) for arm in "ab"]


def recorded(trials: list[TrialRecord], *, finished: bool = True, **keys: Any) -> RunRecord:
    """A run of one series of at most 20 pairs."""
    series = {"workload": "shop", "rate_per_s": 30.0, "pairs": 20, "stop": STOP} | keys
    return a_record(trials=trials, finished=finished, scenario_resolved={
        "topologies": list(STORES), "latency": [{**series, "workload": "checkout"}, series]})


def test_a_series_that_is_narrow_before_its_last_pair_was_ended_by_its_width() -> None:
    assert ending_of(recorded([*pairs(9), *TWICE]), "shop@30") == Ending(
        "shop@30", 20, 10, 9, RULE, "width")


@pytest.mark.parametrize("trials", [pairs(9, 0.5), pairs(5)])
def test_a_series_that_is_not_narrow_was_ended_by_time(trials: list[TrialRecord]) -> None:
    ending = ending_of(recorded(trials), "shop@30")
    assert ending
    assert (ending.made, ending.by) == (len(trials) // 2, "time")


def test_a_pair_that_was_measured_again_counts_once() -> None:
    first = [one.model_copy(update={"status": "rejected"} if one.pair == 3 else {})
             for one in pairs(9)]
    ending = ending_of(recorded([*first, *AGAIN]), "shop@30")
    assert ending
    assert (ending.made, ending.compared) == (9, 9)


def test_nothing_ended_a_series_that_has_no_rule_or_all_of_its_pairs() -> None:
    assert ending_of(recorded(pairs(9), pairs=9), "shop@30") is None
    assert ending_of(recorded(pairs(9), stop=None), "shop@30") is None
    assert ending_of(recorded(pairs(9), finished=False), "shop@30") is None
    assert ending_of(recorded(pairs(9)), "shop@40") is None
    assert ending_of(a_record(trials=pairs(9), finished=True), "shop@30") is None


WIDTH = re.compile(
    r"Stopped on the width of intervals: (?P<series>.+)\. Such a series ends sooner when its "
    r"spread happens to look small, so its intervals are a little too narrow: simulated under the "
    r"shipped rules, 95 % intervals held the truth in at least (?P<held>\d+) % of comparisons "
    r"\(docs/method\.md\)\.")
TIME = re.compile(r"Ended by time, which looks at no result: (?P<series>.+)\.")
ONE = re.compile(
    r"(?P<name>\S+) after (?P<made>[\d,]+) of (?P<planned>[\d,]+) planned pairs?, "
    r"(?P<compared>[\d,]+) of them (?P<kind>of two stores|A/A)(?: \(asked for: (?P<asked>.+)\))?")


@st.composite
def endings(draw: st.DrawFn) -> Ending:
    widths = draw(st.dictionaries(st.sampled_from(["p50", "p95"]), st.sampled_from(
        [0.005, 0.03, 0.05, 0.125, 1.0]), min_size=1))
    compared = draw(st.integers(8, 400))
    made = compared + draw(st.integers(0, 90))
    rule = WidthRule("monolith", draw(st.sampled_from(STORES)), widths, 8)
    return Ending(draw(st.sampled_from(["shop@30", "sign_in@4", "list_small@0.5"])),
                  made + draw(st.integers(1, 900)), made, compared, rule,
                  draw(st.sampled_from(["width", "time"])))


@given(st.lists(st.none() | endings(), max_size=4))
def test_the_sentence_on_series_that_ended_early_says_what_ended_them(
        found: list[Ending | None]) -> None:
    notes = stop_notes([replace(UNMEASURED, ending=one) for one in found])
    for by, pattern, kind in (("width", WIDTH, "caveat"), ("time", TIME, "plain")):
        ended = [one for one in found if one and one.by == by]
        said = [match for note in notes if note.kind == kind
                if (match := pattern.fullmatch(note.text))]
        assert len(said) == bool(ended)
        parts = said[0]["series"].split("; ") if said else []
        for part, one in zip(parts, ended, strict=True):
            read = ONE.fullmatch(part)
            assert read, part
            assert (read["name"], value(read["made"]), value(read["planned"]),
                    value(read["compared"])) == (one.series, one.made, one.planned, one.compared)
            assert (read["kind"] == "A/A") == (one.rule.base == one.rule.rival)
            assert (read["asked"] is None) == (by == "time")
            asked = {} if by == "time" else {
                width.split(" ± ")[0]: float(width.split(" ± ")[1].removesuffix(" %")) / 100
                for width in read["asked"].split(" and ")}
            assert by == "time" or asked == pytest.approx(dict(one.rule.widths))
        if said and by == "width":
            assert value(said[0]["held"]) == 100 * HELD_WHEN_STOPPED
    assert len(notes) == len({one.by for one in found if one})


def test_the_chapter_on_latency_says_which_series_their_width_ended(tmp_path: Path) -> None:
    folder = write_run(tmp_path, Planted(phases=("latency",), pairs=10, series=(("shop", 30.0),)))
    run = read_run(folder)
    stop = {"p50": 1.0, "p95": None, "least_pairs": 8, "seconds": None}
    run.record.scenario_resolved.update(topologies=list(STORES), latency=[
        {"workload": "shop", "rate_per_s": 30.0, "pairs": 12, "stop": stop}])
    for one in run.record.trials:
        one.p50_ms = 5.0
    with drawing_style():
        chapter = next(part for part in describe(run).parts if part.anchor == "latency")
    caveats = [block.text for block in chapter.blocks
               if isinstance(block, Note) and block.kind == "caveat"]
    assert any(text.startswith("Stopped on the width of intervals: shop@30 after 10 of 12 planned "
                               "pairs, 8 of them of two stores (asked for: p50 ± 100 %).")
               for text in caveats)
