"""Two runs side by side: what changed is found, what can't be compared is refused in words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from synthetic import Planted, write_run
from synthetic_faults import write_many_faults
from synthetic_search import World, write_search_run

from reports.compare import Comparison, compare
from reports.compare_lines import Line
from reports.estimate import ratio_of_pairs
from reports.estimate_apart import means_apart, ratio_apart
from reports.parts.comparison import comparison_text, write_comparison

PLANTED = Planted(phases=("latency",), pairs=6, rate=60.0)


def run(folder: Path, name: str, planted: Planted = PLANTED, **record: Any) -> Path:
    """A recorded run with a name of its own; `record` replaces keys of run.json."""
    path = write_run(folder / name, planted)
    document = json.loads((path / "run.json").read_text())
    (path / "run.json").write_text(json.dumps(document | {"run": name} | record))
    return path


def both(folder: Path, planted: Planted = PLANTED, **record: Any) -> Comparison:
    return compare(run(folder, "one"), run(folder, "two", planted, **record))


def line(found: Comparison, what: str) -> Line:
    return next(line for line in found.lines if line.what == what)


def test_a_planted_change_is_found_at_its_size(tmp_path: Path) -> None:
    found = both(tmp_path, replace(PLANTED, slower=2.7, seed=8))
    ratio = line(found, "shop: p50, microservices ÷ monolith")
    assert ratio.verdict.startswith("greater, ×1.")
    assert ratio.change is not None
    assert ratio.change.value == pytest.approx(2.7 / 1.8, rel=0.15)
    mine = line(found, "shop: p50, microservices")
    assert mine.verdict.endswith(", not judged"), "another hour of the machine"
    assert mine.change is not None
    assert mine.change.value == pytest.approx(2.7 / 1.8, rel=0.15)
    whole = line(found, "shop: whole journeys, p50, microservices ÷ monolith")
    assert whole is found.lines[0]
    assert whole.change is not None
    assert whole.change.value == pytest.approx(2.7 / 1.8, rel=0.25)
    assert line(found, "shop: whole journeys, p50, monolith").unit == "ms"


def test_a_run_does_not_differ_from_itself(tmp_path: Path) -> None:
    found = both(tmp_path)
    assert found.lines
    assert {one.verdict for one in found.lines} == {"no difference shown", "×1.00, not judged"}
    judged = sum(one.verdict == "no difference shown" for one in found.lines)
    said, = write_comparison(found, tmp_path).headlines
    assert said == (f"Changed: Of {judged} judged numbers, none is shown to differ. Shown and not "
                    f"judged: {len(found.lines) - judged}."), said


def test_on_another_machine_only_ratios_are_compared(tmp_path: Path) -> None:
    found = both(tmp_path, replace(PLANTED, cpu_model="Another CPU"))
    assert {one.unit for one in found.lines} == {"ratio"}
    assert any("Another machine (processor A CPU and Another CPU)" in note
               for note in found.notes)


@pytest.mark.parametrize(("planted", "record", "reason"), [
    (replace(PLANTED, finished=False), {}, "two is unfinished"),
    (replace(PLANTED, digest="ef" * 32), {}, "seed data of monolith differ"),
    (replace(PLANTED, limited=False), {}, "one budget was enforced and the other not"),
    (PLANTED, {"schema_version": 99}, "schema version 99"),
    (PLANTED, {"scenario_resolved": {"slo_ms": 100}}, "slo_ms differs: 250 and 100"),
    (PLANTED, {"topologies": {}}, "no topology is in both"),
])
def test_what_was_measured_under_other_conditions_is_refused(
        tmp_path: Path, planted: Planted, record: dict[str, Any], reason: str) -> None:
    found = both(tmp_path, planted, **record)
    assert found.is_refused
    assert any(reason in str(refusal) for refusal in found.refusals)
    assert any(reason in text for text in comparison_text(found))


@pytest.mark.parametrize(("first", "second", "is_another"), [
    ("real-time priority", "ordinary priority", True),
    ("nice -10", "nice -10", False), (None, "nice -10", False)])
def test_times_of_another_generators_priority_are_those_of_another_machine(
        tmp_path: Path, first: str | None, second: str, is_another: bool) -> None:
    def machine(generator: str | None) -> dict[str, object]:
        own = {"system": "Linux", "cpu_model": "A CPU"}
        return own | ({"generator": generator} if generator else {})

    found = compare(run(tmp_path, "one", PLANTED, machine=machine(first)),
                    run(tmp_path, "two", PLANTED, machine=machine(second)))
    assert any("Another machine (generator" in note for note in found.notes) is is_another


@pytest.mark.parametrize(("factor", "word"), [
    (1.05, "no difference shown"), (1.3, "greater, ×1.3")])
def test_another_start_may_hold_a_tenth_more_memory(tmp_path: Path, factor: float,
                                                    word: str) -> None:
    one, two = run(tmp_path, "one"), run(tmp_path, "two")
    document = json.loads((two / "run.json").read_text())
    for trial in document["trials"]:
        for cost in trial["cost"].values():
            cost["memory_bytes"] = round(cost["memory_bytes"] * factor)
    (two / "run.json").write_text(json.dumps(document))
    assert line(compare(one, two), "shop: memory, monolith").verdict.startswith(word)


def test_a_run_that_counted_less_of_its_topologies_is_compared(tmp_path: Path) -> None:
    """Entry points and settings are counted since; another variable makes no other store."""
    described = {name: {"processes": 3, "replicas": 1, "db_connections": 24}
                 for name in ("monolith", "microservices")}
    counted = {name: {**parts, "entry_points": ["a"], "settings": {name: 9}}
               for name, parts in described.items()}
    one = run(tmp_path, "one", PLANTED, topologies=described)
    found = compare(one, run(tmp_path, "two", PLANTED, topologies=counted))
    assert not [refusal for refusal in found.refusals if "another topology" in str(refusal)]
    assert found.lines


def test_what_both_measured_and_nothing_compares_is_said(tmp_path: Path) -> None:
    planted = replace(PLANTED, phases=("latency", "capacity", "hot"),
                      idle_cores={"monolith": 0.01, "microservices": 0.02})
    one = run(tmp_path, "one", planted)
    found = compare(one, run(tmp_path, "two", planted))
    assert [refusal.what for refusal in found.refusals] == ["quick ramps", "hot parts", "idle use"]
    assert not compare(one, run(tmp_path, "three", replace(PLANTED, seed=8))).refusals


def test_other_budgets_are_refused(tmp_path: Path) -> None:
    limits = {"cpu_budget": 2.0, "memory_budget_mb": 2048, "enforced_by": "cgroup v1",
              "enforced": ["CPU quota", "memory limit"], "not_enforced": [], "system_cpus": [0],
              "generator_cpus": [1]}
    assert "budgets differ: 0.9 and 2.0 CPU" in str(both(tmp_path, limits=limits).refusals[0])


def test_a_store_with_red_books_has_no_speed_to_compare(tmp_path: Path) -> None:
    found = both(tmp_path, replace(PLANTED, red=("microservices",)))
    assert any("two violates I2" in str(refusal) for refusal in found.refusals)
    assert {one.what for one in found.lines if "microservices" in one.what} == set()
    assert line(found, "shop: p50, monolith")


def test_a_series_at_another_rate_is_refused_and_the_others_stay(tmp_path: Path) -> None:
    one = replace(PLANTED, series=(("shop", 60.0), ("product_read", 40.0)))
    other = replace(PLANTED, series=(("shop", 60.0), ("product_read", 50.0)))
    found = compare(run(tmp_path, "one", one), run(tmp_path, "two", other))
    assert [str(refusal) for refusal in found.refusals] == [
        "product_read@40: not in two", "product_read@50: not in one"]
    assert all(one.what.startswith("shop@60") for one in found.lines)


def test_a_series_with_another_window_is_refused(tmp_path: Path) -> None:
    found = both(tmp_path, replace(PLANTED, measure_s=9.0))
    assert found.is_refused
    assert "measure_s 8.0 and 9.0" in str(found.refusals[0])


def test_collateral_is_compared_as_a_share(tmp_path: Path) -> None:
    one = Planted(phases=("isolation",), faults=("payments-crash",))
    other = replace(one, collateral={"monolith": 0.0, "microservices": 0.0}, seed=9)
    found = compare(run(tmp_path, "one", one), run(tmp_path, "two", other))
    assert line(found, "payments-crash: collateral, monolith").verdict.startswith("less lost, −")
    assert line(found, "payments-crash: collateral, microservices").verdict == (
        "no difference shown")


def test_a_posture_is_compared_with_itself(tmp_path: Path,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_many_faults(tmp_path / "one", monkeypatch, postures=True)
    losses = [one for one in compare(folder, folder).lines if one.kind == "isolation"]
    assert {one.what.rpartition("(")[2].partition(")")[0] for one in losses} == {"raw", "resilient"}
    assert len({one.what for one in losses}) == len(losses)
    assert [one.what for one in losses if one.a != one.b] == []


ONE_POINT = {"search": [{"workload": "shop", "points": [{"cpus": 0.3}]}]}


@pytest.mark.parametrize("yields", [0.9, 0.99, 1.26])
def test_what_a_store_carries_is_shown_and_not_judged_between_two_hours_of_a_machine(
        tmp_path: Path, yields: float) -> None:
    one, other = (write_search_run(tmp_path / name, World(yields=carried, cost_noise=0.0),
                                   **ONE_POINT)
                  for name, carried in (("one", 0.9), ("two", yields)))
    found = compare(one, other)
    mine = line(found, "shop on 0.3 CPU × 1: capacity, monolith")
    assert mine.change is not None
    assert mine.change.low is not None
    assert mine.change.high is not None
    assert mine.change.low <= yields / 0.9 <= mine.change.high
    assert mine.verdict.endswith(", not judged")
    assert any(text.endswith("(2 single searches measured apart, 10 % allowed for repetition)")
               for text in comparison_text(found) if mine.what in text)
    between = line(found, "shop on 0.3 CPU × 1: capacity, monolith ÷ microservices")
    assert between.verdict == "no difference shown"
    assert between.a.low is not None
    assert between.change is not None
    assert between.change.high == pytest.approx(between.b.high / between.a.low)


def changed(path: Path, **record: Any) -> Path:
    """The same run with other keys in run.json; keys of `scenario_resolved` are put into it."""
    document = json.loads((path / "run.json").read_text())
    resolved = document["scenario_resolved"] | record.pop("scenario_resolved", {})
    (path / "run.json").write_text(json.dumps(
        document | {"run": path.name, "scenario_resolved": resolved} | record))
    return path


def mix(browse: float) -> dict[str, Any]:
    return {"workloads": {"shop": {"weights": {"browse": browse, "check_out": 1.0}}}}


def refused(found: Comparison, kind: str) -> list[str]:
    """Reasons, after making sure that no number of this kind is compared all the same."""
    assert [one.what for one in found.lines if one.kind == kind] == []
    return [str(refusal) for refusal in found.refusals]


def searched(folder: Path, name: str, **keys: Any) -> Path:
    parts = {"search": [ONE_POINT["search"][0] | keys]}
    return changed(write_search_run(folder / name, World(cost_noise=0.0), **parts))


@pytest.mark.parametrize(("keys", "reason"), [
    ({"resolution": 0.1}, "resolution 0.05 and 0.1"), ({"probe_s": 8.0}, "probe_s 4.0 and 8.0"),
    ({"warmup_s": 3.0}, "warmup_s 1.5 and 3.0"),
    ({"confirm_factor": 2.0}, "confirm_factor 3.0 and 2.0")])
def test_a_capacity_that_was_asked_otherwise_is_refused(
        tmp_path: Path, keys: dict[str, Any], reason: str) -> None:
    found = compare(searched(tmp_path, "one"), searched(tmp_path, "two", **keys))
    assert refused(found, "capacity") == [f"shop on 0.3 CPU × 1: {reason}"]


def test_a_point_that_one_run_did_not_search_is_named(tmp_path: Path) -> None:
    found = compare(searched(tmp_path, "one"),
                    searched(tmp_path, "two", points=[{"cpus": 0.6}]))
    assert refused(found, "capacity") == [
        "shop on 0.3 CPU × 1: not in two", "shop on 0.6 CPU × 1: not in one"]


def test_no_number_of_a_workload_with_another_mix_is_compared(tmp_path: Path) -> None:
    """Latency was refused for it, capacities and losses got their verdicts."""
    found = compare(changed(searched(tmp_path, "one"), definitions=mix(1.0)),
                    changed(searched(tmp_path, "two"), definitions=mix(9.0)))
    assert refused(found, "capacity") == ["shop on 0.3 CPU × 1: the mix of shop differs"]
    broken = Planted(phases=("isolation",), faults=("payments-crash",))
    found = compare(run(tmp_path, "three", broken, definitions=mix(1.0)),
                    run(tmp_path, "four", broken, definitions=mix(9.0)))
    assert refused(found, "isolation") == ["payments-crash: the mix of shop differs"]


@pytest.mark.parametrize(("trial", "reason"), [
    ({"workload": "hot_search"}, "workload shop and hot_search"),
    ({"rate_profile": [[2.0, 99.0], [8.0, 99.0]]}, "rate_profile"),
    ({"replicas": 2}, "replicas 1 and 2"), ({"cpu_budget": 2.0}, "cpu_budget 0.9 and 2.0"),
    ({"fault": {"dose": 0.5}}, "dose 1.0 and 0.5"),
    ({"fault": {"for_s": 9.0}}, "for_s")])
def test_a_fault_that_was_met_under_other_conditions_is_refused(
        tmp_path: Path, trial: dict[str, Any], reason: str) -> None:
    broken = Planted(phases=("isolation",), faults=("payments-crash",))
    one, two = run(tmp_path, "one", broken), run(tmp_path, "two", broken)
    document = json.loads((two / "run.json").read_text())
    for record in document["trials"]:
        fault = record["fault"] and record["fault"] | trial.get("fault", {})
        record.update(trial | {"fault": fault})
    (two / "run.json").write_text(json.dumps(document))
    (refusal,) = refused(compare(one, two), "isolation")
    assert refusal.startswith("payments-crash: ")
    assert reason in refusal


def test_a_fault_on_another_platform_is_refused_and_a_missing_or_void_one_is_named(
        tmp_path: Path) -> None:
    broken = Planted(phases=("isolation",), faults=("payments-crash",))
    restart = {"platform": {"restart": True}}
    one = changed(run(tmp_path, "one", broken), scenario_resolved=restart)
    other = changed(run(tmp_path, "two", broken),
                    scenario_resolved={"platform": {"restart": False}})
    (reason,) = refused(compare(one, other), "isolation")
    assert reason.startswith("payments-crash: platform differs")
    slow = changed(run(tmp_path, "three", replace(broken, faults=("bank-slow",))),
                   scenario_resolved=restart)
    assert refused(compare(one, slow), "isolation") == [
        "payments-crash: not in three", "bank-slow: not in one"]
    void = changed(run(tmp_path, "four", replace(broken, fired=0)), scenario_resolved=restart)
    assert refused(compare(one, void), "isolation") == ["payments-crash: void in four"]


def rewritten(path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """The same run with every trial's record changed in place."""
    document = json.loads((path / "run.json").read_text())
    for trial in document["trials"]:
        change(trial)
    (path / "run.json").write_text(json.dumps(document))
    return path


def unconfirmed(trial: dict[str, Any]) -> None:
    """Whatever the microservices were asked to confirm failed."""
    if trial["topology"] == "microservices" and trial["probe"]["step"] == "confirm":
        trial["probe"]["holds"] = False


def uncosted(*pairs: int, of: str = "microservices") -> Callable[[dict[str, Any]], None]:
    """No cost of a store was recorded in these pairs; in all, if none is named."""

    def change(trial: dict[str, Any]) -> None:
        if trial["topology"] == of and (not pairs or trial["pair"] in pairs):
            trial["cost"] = {}

    return change


def thinned(path: Path, journeys: int) -> Path:
    """The same run with so many journeys a trial."""
    table = pq.read_table(path / "requests.parquet")
    pq.write_table(table.filter(pc.field("journey_no") < journeys), path / "requests.parquet")
    return path


def unlike(found: Comparison, whole: Comparison) -> list[str]:
    """What is refused, after making sure that nothing has vanished without a word."""
    known = {one.what for one in found.lines} | {refusal.what for refusal in found.refusals}
    assert {one.what for one in whole.lines} - known == set()
    assert len(known) == len(found.lines) + len(found.refusals)
    text = comparison_text(found)
    assert all(f"  {refusal}" in text for refusal in found.refusals)
    return [str(refusal) for refusal in found.refusals]


def test_a_search_without_an_answer_is_named(tmp_path: Path) -> None:
    """The worst regression left no line and no word."""
    one, two = (searched(tmp_path, name) for name in ("one", "two"))
    whole = compare(one, two)
    at = "shop on 0.3 CPU × 1: capacity"
    rewritten(two, unconfirmed)
    found = compare(one, two)
    assert unlike(found, whole) == [
        f"{at}, monolith ÷ microservices: search of microservices unanswered in two",
        f"{at}, microservices: search unanswered in two"]
    assert [one.what for one in found.lines] == [f"{at}, monolith"]
    assert unlike(compare(rewritten(one, unconfirmed), two), whole) == [
        f"{at}, monolith ÷ microservices: search of microservices unanswered in one and two",
        f"{at}, microservices: search unanswered in one and two"]
    elsewhere = compare(one, changed(two, machine={"cores": 64}))
    assert [str(refusal) for refusal in elsewhere.refusals] == [
        f"{at}, monolith ÷ microservices: search of microservices unanswered in one and two"]


def test_a_search_of_several_says_how_many_have_no_answer(tmp_path: Path) -> None:
    one, two = (searched(tmp_path, name, repeats=3) for name in ("one", "two"))
    whole = compare(one, two)

    def change(trial: dict[str, Any]) -> None:
        if trial["probe"]["search"].endswith(("/1", "/2")):
            unconfirmed(trial)

    at = "shop on 0.3 CPU × 1: capacity"
    assert unlike(compare(one, rewritten(two, change)), whole) == [
        f"{at}, monolith ÷ microservices: 2 of 3 searches of microservices unanswered in two",
        f"{at}, microservices: 2 of 3 searches unanswered in two"]


def test_a_store_that_was_not_searched_at_a_point_is_named(tmp_path: Path) -> None:
    one, two = (searched(tmp_path, name) for name in ("one", "two"))
    whole = compare(one, two)

    def change(trial: dict[str, Any]) -> None:
        if trial["topology"] == "microservices":
            trial["probe"] = None

    at = "shop on 0.3 CPU × 1: capacity"
    rewritten(two, change)
    for sides in ((one, two), (two, one)):
        assert unlike(compare(*sides), whole) == [
            f"{at}, monolith ÷ microservices: not searched in two",
            f"{at}, microservices: not searched in two"]
    assert unlike(compare(two, two), compare(two, two)) == []


def test_a_percentile_that_too_few_answers_carry_is_named(tmp_path: Path) -> None:
    one, two = run(tmp_path, "one"), run(tmp_path, "two", replace(PLANTED, all_fail=True))
    whole = compare(one, one)
    found = compare(one, two)
    said = unlike(found, whole)
    assert ("shop: p50, microservices ÷ monolith: not compared, for in 5 of 5 pairs fewer than "
            "50 % of the first requests of a trial were answered rightly, in two") in said
    assert ("shop: whole journeys, p95, microservices ÷ monolith: not compared, for in 5 of 5 "
            "pairs fewer than 95 % of the whole journeys of a trial were answered rightly, in two"
            ) in said
    assert "shop: p95, monolith: too few right answers in two" in said
    assert "shop: whole journeys, p50, monolith: too few right answers in two" in said
    assert "shop: CPU an answer, monolith: no right answer in two" in said
    assert "shop: CPU an answer, microservices ÷ monolith: no right answer in two" in said
    assert {one.what.partition(",")[0] for one in found.lines} == {"shop: memory"}
    assert not any("p99" in text for text in said), "neither run has rows for it"
    neither = {refusal.what: refusal.reason for refusal in compare(two, two).refusals}
    assert neither["shop: p95, monolith"] == "too few right answers in two and two"
    assert "CPU" not in str(neither), "neither run has CPU of an answer"
    on_page = write_comparison(found, tmp_path).markdown.read_text(encoding="utf-8")
    assert all(text in on_page for text in said)
    assert f"Refused, each with its reason: {len(said)}." in on_page


def test_a_percentile_that_too_few_rows_carry_is_named(tmp_path: Path) -> None:
    one, two = run(tmp_path, "one"), thinned(run(tmp_path, "two"), 300)
    whole = compare(one, one)
    said = unlike(compare(one, two), whole)
    assert ("shop: p95, microservices ÷ monolith: not compared, for no pair of trials has 400 "
            "first requests in each, which a p95 needs, in two") in said
    assert "shop: p95, monolith: too few first requests in two" in said
    assert "shop: whole journeys, p95, monolith: too few journeys in two" in said
    assert not any(": p50" in text or "CPU" in text for text in said)
    assert unlike(compare(two, two), compare(two, two)) == []


def test_a_cost_that_one_run_did_not_record_is_named(tmp_path: Path) -> None:
    one, two, three = (run(tmp_path, name) for name in ("one", "two", "three"))
    whole = compare(one, two)
    rewritten(two, uncosted())
    found = unlike(compare(one, two), whole)
    assert found == unlike(compare(two, one), whole) == [
        "shop: CPU an answer, microservices ÷ monolith: not recorded for microservices in two",
        "shop: memory, microservices ÷ monolith: not recorded for microservices in two",
        "shop: CPU an answer, microservices: not recorded in two",
        "shop: memory, microservices: not recorded in two"]
    assert unlike(compare(one, rewritten(three, uncosted(1, 3))), whole) == [
        "shop: CPU an answer, microservices: not recorded in 2 of 5 trials in three",
        "shop: memory, microservices: not recorded in 2 of 5 trials in three"]
    rewritten(three, uncosted(0, 2, 5, of="monolith"))
    assert unlike(compare(one, three), whole) == [
        "shop: CPU an answer, microservices ÷ monolith: no pair of trials can be compared in three",
        "shop: memory, microservices ÷ monolith: no pair of trials can be compared in three",
        "shop: CPU an answer, monolith: not recorded in 3 of 7 trials in three",
        "shop: memory, monolith: not recorded in 3 of 7 trials in three",
        "shop: CPU an answer, microservices: not recorded in 2 of 5 trials in three",
        "shop: memory, microservices: not recorded in 2 of 5 trials in three"]
    assert compare(two, two).refusals == []


def test_a_cost_of_nothing_has_no_ratio_and_says_so(tmp_path: Path) -> None:
    one, two = (run(tmp_path, name) for name in ("one", "two"))
    whole = compare(one, two)

    def change(trial: dict[str, Any]) -> None:
        if (trial["topology"], trial["pair"]) == ("microservices", 1):
            trial["cost"]["total"]["memory_bytes"] = 0

    assert unlike(compare(one, rewritten(two, change)), whole) == [
        "shop: memory, microservices ÷ monolith: nothing used in a trial in two",
        "shop: memory, microservices: nothing used in 1 of 5 trials in two"]


def test_a_store_that_one_run_lacks_is_named_once(tmp_path: Path) -> None:
    wide = replace(PLANTED, series=(("shop", 60.0), ("product_read", 60.0)),
                   in_one_process=("shop", "product_read"))
    one, two, three = (run(tmp_path, name, planted) for name, planted in (
        ("one", wide), ("two", replace(wide, in_one_process=("shop",))),
        ("three", replace(wide, in_one_process=()))))
    for sides in ((one, three), (three, one)):
        assert [str(one) for one in compare(*sides).refusals] == ["colocated: not in three"]
    for sides in ((one, two), (two, one)):
        found = compare(*sides)
        assert [str(one) for one in found.refusals] == ["product_read@60: colocated: not in two"]
        assert line(found, "shop@60: p50, microservices ÷ colocated")


def test_a_comparison_of_other_stores_is_not_that_of_the_first_run(tmp_path: Path) -> None:
    """Capacities of the base and whichever rival each run had were divided all the same."""
    one = searched(tmp_path, "one")
    document = (one / "run.json").read_text()
    two = searched(tmp_path, "two")
    (two / "run.json").write_text(document.replace('"microservices"', '"other"').replace(
        '"store": "other"', '"store": "microservices"'))
    found = compare(one, changed(two))
    assert [one.what for one in found.lines] == ["shop on 0.3 CPU × 1: capacity, monolith"]
    assert [str(refusal) for refusal in found.refusals] == [
        "microservices: not in two", "other: not in one"]


def test_a_run_that_compares_other_stores_of_the_same_series_is_named(tmp_path: Path) -> None:
    one, two = (run(tmp_path, name, replace(PLANTED, in_one_process=("shop",)))
                for name in ("one", "two"))
    for path, names in ((one, ["monolith", "microservices", "other"]),
                        (two, ["monolith", "other", "microservices"])):
        document = json.loads((path / "run.json").read_text().replace('"colocated"', '"other"'))
        document["topologies"] = {name: document["topologies"][name] for name in names}
        (path / "run.json").write_text(json.dumps(document))
    found = compare(one, two)
    assert [str(refusal) for refusal in found.refusals] == [
        "shop: whole journeys, microservices ÷ monolith: of other stores in two",
        "shop: microservices ÷ other: the other way round in two"]
    assert line(found, "shop: p50, microservices ÷ monolith").verdict == "no difference shown"


def test_a_loss_that_one_run_does_not_know_is_named(tmp_path: Path) -> None:
    broken = Planted(phases=("isolation",), faults=("payments-crash",),
                     topologies=("monolith", "microservices", "colocated"))
    one, two, three, four = (run(tmp_path, name, broken)
                             for name in ("one", "two", "three", "four"))
    whole = compare(one, two)

    def put(path: Path, is_broken: bool, keys: dict[str, Any]) -> Path:
        def change(trial: dict[str, Any]) -> None:
            if trial["topology"] == "colocated" and bool(trial["fault"]) == is_broken:
                trial |= keys if "status" in keys else {"fault": trial["fault"] | keys}

        return rewritten(path, change)

    what = "payments-crash: collateral, colocated"
    rejected = {"status": "rejected"}
    for other, reason in (
            (put(two, True, rejected), "not in two"),
            (put(three, False, rejected), "no collateral measured in three"),
            (put(four, True, {"applies": False}), "the fault has no place in four")):
        for sides in ((one, other), (other, one)):
            assert unlike(compare(*sides), whole) == [f"{what}: {reason}"]
        assert compare(other, other).refusals == []


def test_the_page_is_whole_and_the_same_each_time(tmp_path: Path) -> None:
    found = both(tmp_path, replace(PLANTED, slower=2.7))
    page = write_comparison(found, tmp_path)
    assert page.html.parent.name == "compare-one-two"
    text = page.html.read_text(encoding="utf-8")
    assert re.findall(r"https?:|\b(?:nan|None|inf)\b", re.sub(r"<svg.*?</svg>", "", text,
                                                           flags=re.S)) == []
    for link in re.findall(r'href="#([^"]+)"', text):
        assert f'id="{link}"' in text
    again = write_comparison(found, tmp_path / "again")
    assert again.html.read_bytes() == page.html.read_bytes()


def test_errors_of_measurements_made_apart_add() -> None:
    rng = np.random.default_rng(5)
    hits = 0
    for _ in range(300):
        a, b = (ratio_of_pairs(rng.lognormal(0, 0.1, 6), rng.lognormal(0, 0.1, 6))
                for _ in range(2))
        assert a is not None
        assert b is not None
        hits += ratio_apart(a, b).differs
    assert hits / 300 <= 0.08
    change = means_apart(rng.lognormal(0, 0.05, 8), rng.lognormal(np.log(2), 0.05, 8))
    assert change is not None
    assert change.differs
    assert change.value == pytest.approx(2.0, rel=0.1)
    assert means_apart(np.array([1.0]), np.array([np.inf])) is None
