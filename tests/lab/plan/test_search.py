"""The search finds the threshold, with few questions, and survives chance near it."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.run_record import TrialRecord
from lab.plan import Plan
from lab.plan.search import Answered, bracket, next_question
from lab.plan.trials import PlannedTrial
from tests.lab.plan.rehearsal import KnownStores, Rehearsal

SEARCH = {"workload": "shop", "points": [{"cpus": 0.9}], "repeats": 2}


def _ask(truth: float, first: float, resolution: float) -> list[Answered]:
    answers: list[Answered] = []
    while question := next_question(answers, first, resolution):
        answers.append(Answered(question.difficulty, question.difficulty <= truth, question.step))
        assert len(answers) < 60
    return answers


@given(truth=st.floats(0.5, 5_000), first=st.floats(0.5, 5_000), resolution=st.floats(0.02, 0.3))
@settings(max_examples=200, deadline=None)
def test_the_answer_is_bracketed_to_the_resolution_and_confirmed(
        truth: float, first: float, resolution: float) -> None:
    answers = _ask(truth, first, resolution)
    low, high = bracket(answers)
    assert low is not None
    assert high is not None
    assert low <= truth < high <= low * (1 + resolution) * 1.0001
    assert answers[-1].step == "confirm"
    assert answers[-1].difficulty == low


def test_a_good_guess_needs_about_ten_questions() -> None:
    assert max(len(_ask(truth, truth * 0.6, 0.05)) for truth in (10.0, 47.0, 333.0)) <= 10


def test_an_answer_that_is_not_confirmed_is_given_up_for_a_lower_one() -> None:
    answers = [Answered(10, True, "ramp"), Answered(10.4, False, "ramp"),
               Answered(9, True, "ramp"), Answered(10, False, "confirm")]
    question = next_question(answers, 5, 0.05)
    assert question is not None
    assert question.step == "confirm"
    assert question.difficulty == pytest.approx(10 / 1.05)
    held = [*answers, Answered(question.difficulty, True, "confirm")]
    assert next_question(held, 5, 0.05) is None


@given(truth=st.floats(0.5, 500), misled=st.floats(1.0, 3.0), resolution=st.floats(0.03, 0.2))
@settings(max_examples=200, deadline=None)
def test_short_windows_that_mislead_by_far_are_given_up_in_growing_steps(
        truth: float, misled: float, resolution: float) -> None:
    """A queue that grows slowly is seen by long windows alone."""
    answers: list[Answered] = []
    while question := next_question(answers, truth * 0.6, resolution):
        limit = truth if question.step == "confirm" else truth * misled
        answers.append(Answered(question.difficulty, question.difficulty <= limit, question.step))
        assert len(answers) < 40
    confirmed = max(one.difficulty for one in answers if one.step == "confirm" and one.holds)
    refused = min(one.difficulty for one in answers if not one.holds)
    assert confirmed <= truth < refused <= confirmed * (1 + resolution) * 1.0001
    long_ones = sum(one.step == "confirm" for one in answers)
    steps = math.log(misled) / math.log(1 + resolution)
    assert long_ones <= 2 * math.log2(steps + 2) + 4


@pytest.mark.parametrize("stumble", range(1, 9))
def test_one_pause_of_the_machine_does_not_cost_a_store_half_of_what_it_carries(
        stumble: int) -> None:
    """The probe that meets it fails, wherever it is; the one after it does not."""
    answers: list[Answered] = []
    while question := next_question(answers, 30.0, 0.05):
        holds = question.difficulty <= 100.0 and len(answers) != stumble
        answers.append(Answered(question.difficulty, holds, question.step))
        assert len(answers) < 20
    low, high = bracket(answers)
    assert low is not None
    assert high is not None
    if answers[stumble].step == "confirm":  # a long window is believed
        assert low >= 90.0
    else:
        assert low <= 100.0 < high <= low * 1.051


def test_what_failed_once_and_held_once_has_not_failed() -> None:
    answers = [Answered(10, True, "ramp"), Answered(15, False, "ramp"),
               Answered(14.8, True, "bisect")]
    again = next_question(answers, 5, 0.05)
    assert again is not None
    assert (again.difficulty, again.step) == (15, "bisect")
    assert bracket([*answers, Answered(15, False, "bisect")]) == (14.8, 15)
    assert bracket([*answers, Answered(15, True, "bisect")]) == (15, None)


def test_a_store_that_never_holds_ends_the_search_at_the_easiest() -> None:
    answers = [Answered(0.5, False, "ramp")]
    assert next_question(answers, 5, 0.05, easiest=0.5) is None


def test_probes_of_both_stores_are_interleaved_until_both_have_ended(
        plan_of: Callable[..., Plan]) -> None:
    stores = KnownStores({"monolith": 0.006, "microservices": 0.015})
    planned = Rehearsal(plan_of(search=[SEARCH]), stores).run().planned
    first = [trial for trial in planned if trial.probe and trial.probe.search.endswith("/0")]
    pairs = {trial.pair: [t.topology for t in first if t.pair == trial.pair] for trial in first}
    both = [names for names in pairs.values() if len(names) == 2]
    assert len(both) >= 8
    assert {tuple(names) for names in both} == {("monolith", "microservices"),
                                                ("microservices", "monolith")}


@pytest.mark.parametrize("cpu_s", [0.0004, 0.006, 0.5])
def test_capacity_is_found_from_cheap_to_expensive_stores(
        plan_of: Callable[..., Plan], cpu_s: float) -> None:
    stores = KnownStores({"monolith": cpu_s, "microservices": cpu_s * 2})
    done = Rehearsal(plan_of(search=[SEARCH]), stores).run()
    for topology in ("monolith", "microservices"):
        mine = [t for t in done.recorded if t.probe and t.topology == topology]
        confirmed = [t.probe.value for t in mine
                     if t.probe and t.probe.step == "confirm" and t.probe.holds]
        truth = 0.9 / stores.cpu_s[topology] * stores.yields
        assert len(confirmed) == 2  # one a repeat
        assert all(truth / 1.05 <= value <= truth for value in confirmed)


def test_the_ramp_begins_below_the_utilisation_bound_that_the_pilot_shows(
        plan_of: Callable[..., Plan]) -> None:
    stores = KnownStores({"monolith": 0.006, "microservices": 0.015})
    planned = Rehearsal(plan_of(search=[SEARCH]), stores).run().planned
    rates = [t.probe.value for t in planned if t.probe and t.topology == "monolith"]
    assert rates[0] == 5
    assert rates[1] == pytest.approx(0.6 * 0.9 / 0.006)


def test_a_pilot_that_met_a_pause_is_asked_again(plan_of: Callable[..., Plan]) -> None:
    stores = KnownStores({"monolith": 0.006, "microservices": 0.015})
    begun: set[str] = set()

    def world(planned: PlannedTrial, record: TrialRecord) -> None:
        stores(planned, record)
        if record.probe and planned.topology not in begun:
            record.probe.holds = False
        begun.add(planned.topology)

    done = Rehearsal(plan_of(search=[SEARCH | {"repeats": 1}]), world).run()
    rates = [t.probe.value for t in done.planned if t.probe and t.topology == "monolith"]
    assert rates[:3] == [5, 5, pytest.approx(0.6 * 0.9 / 0.006)]


def test_rejected_probes_answer_nothing_and_are_bounded(plan_of: Callable[..., Plan]) -> None:
    def world(_planned: PlannedTrial, record: TrialRecord) -> None:
        record.status = "rejected"

    planned = Rehearsal(plan_of(search=[{**SEARCH, "repeats": 1, "most_probes": 6}]), world
                        ).run().planned
    assert len(planned) == 24  # rejected ones count half
    assert {t.probe.value for t in planned if t.probe} == {5}


def test_chance_near_the_threshold_leaves_an_answer_near_it(plan_of: Callable[..., Plan]) -> None:
    dice = random.Random(3)
    stores = KnownStores({"monolith": 0.006, "microservices": 0.015})

    def world(planned: PlannedTrial, record: TrialRecord) -> None:
        stores(planned, record)
        if record.probe:
            gap = record.probe.value / stores.capacity(planned)
            record.probe.holds = dice.random() < 1 / (1 + gap**40)

    done = Rehearsal(plan_of(search=[SEARCH]), world).run()
    for trial in done.recorded:
        if trial.probe and trial.probe.step == "confirm" and trial.probe.holds:
            truth = 0.9 / stores.cpu_s[trial.topology] * stores.yields
            assert 0.8 < trial.probe.value / truth < 1.1


def test_the_fewest_cores_at_a_rate_are_found_with_the_shares_of_a_way(
        plan_of: Callable[..., Plan]) -> None:
    stores = KnownStores({"monolith": 0.006, "microservices": 0.015})
    hot = {"workload": "hot_search", "ordinary": "shop", "cpus": 0.9, "rate_per_s": 20,
           "hot_part": {"monolith": "monolith", "microservices": "microservices"}, "tune": [1.5]}
    done = Rehearsal(plan_of(hot_parts=[hot]), stores).run()
    fewest = {(t.topology, t.scaled): t for t in done.recorded
              if t.probe and t.probe.variable == "cpus" and t.probe.holds
              and t.probe.step == "confirm"}
    assert {way for _, way in fewest} == {"pooled", "everything", "hot_part"}
    for (topology, way), trial in fewest.items():
        truth = 20 * stores.cpu_s[topology] / stores.yields
        assert trial.probe
        assert truth <= trial.probe.value <= truth * 1.06
        if way != "pooled":
            assert sum(trial.shares.values()) == pytest.approx(trial.probe.value)


def test_the_second_probe_of_the_fewest_cores_follows_from_the_first(
        plan_of: Callable[..., Plan]) -> None:
    stores = KnownStores({"monolith": 0.006, "microservices": 0.015})
    hot = {"workload": "hot_search", "ordinary": "shop", "cpus": 0.9, "rate_per_s": 20,
           "hot_part": {"monolith": "monolith", "microservices": "search"}, "ways": ["pooled"]}
    done = Rehearsal(plan_of(hot_parts=[hot]), stores).run()
    asked = [t.probe.value for t in done.planned
             if t.probe and t.probe.variable == "cpus" and t.topology == "monolith"]
    assert asked[:2] == [pytest.approx(0.9), pytest.approx(20 * 0.006 / 0.6)]


MEMORY = {"workload": "hot_search", "ordinary": "shop", "cpus": 0.9, "rate_per_s": 20,
          "hot_part": {"monolith": "monolith", "microservices": "search"}, "least_memory": True}
MEMORY_MOST = 26
"""Probes, by default."""


def test_the_least_memory_at_a_rate_is_found_in_whole_mebibytes_on_one_pool(
        plan_of: Callable[..., Plan]) -> None:
    held = {"monolith": 161.3, "microservices": 733.8}
    stores = KnownStores({"monolith": 0.006, "microservices": 0.015}, held_mib=held)
    done = Rehearsal(plan_of(hot_parts=[MEMORY]), stores).run()
    asked = [t for t in done.recorded if t.probe and t.probe.variable == "memory"]
    for topology, mib in held.items():
        own = [t for t in asked if t.topology == topology]
        limits = [t.memory_budget_mb for t in own]
        assert limits[:2] == [2048, round(mib / 0.6)], "what it holds says where to go on"
        assert limits == [t.probe.value for t in own if t.probe]
        assert {(t.scaled, t.cpu_budget, t.rate_profile[-1][1]) for t in own} == {
            ("pooled", 0.9, 20)}
        confirmed, = [t.probe.value for t in own
                      if t.probe and t.probe.step == "confirm" and t.probe.holds]
        assert mib <= confirmed <= mib * 1.06
        assert len(own) < 16


def _limits(done: Rehearsal, topology: str) -> list[int | None]:
    return [t.memory_budget_mb for t in done.recorded
            if t.probe and t.probe.variable == "memory" and t.topology == topology]


def test_no_more_memory_is_asked_for_than_the_budget_gives(plan_of: Callable[..., Plan]) -> None:
    stores = KnownStores({"monolith": 0.006, "microservices": 0.015},
                         held_mib={"monolith": 9_999.0, "microservices": 9_999.0})
    assert _limits(Rehearsal(plan_of(hot_parts=[MEMORY]), stores).run(), "monolith") == [2048] * 2


def test_a_kernel_that_limits_no_memory_is_asked_once(plan_of: Callable[..., Plan]) -> None:
    stores = KnownStores({"monolith": 0.006, "microservices": 0.015})

    def unlimited(planned: PlannedTrial, record: TrialRecord) -> None:
        stores(planned, record)
        if record.probe and planned.lacks_memory:
            record.probe.is_enforced, record.probe.holds = False, None

    assert _limits(Rehearsal(plan_of(hot_parts=[MEMORY]), unlimited).run(), "monolith") == [2048]


def test_limits_that_are_one_mebibyte_apart_are_not_asked_between(
        plan_of: Callable[..., Plan]) -> None:
    stores = KnownStores({"monolith": 0.006, "microservices": 0.015},
                         held_mib={"monolith": 161.3, "microservices": 733.8})
    done = Rehearsal(plan_of(hot_parts=[MEMORY | {"resolution": 0.001}]), stores).run()
    limits = _limits(done, "monolith")
    assert len(limits) < MEMORY_MOST
    assert min(one for one in limits if one and one > 161.3) - 162 <= 2


@pytest.mark.parametrize(("mix", "budget", "why"), [
    ({"rate_per_s": None}, 2048, "rate_per_s is missing"),
    ({"ways": ["everything"]}, 2048, "pooled is not among the ways"),
    ({}, None, "budget.memory_mb is missing")])
def test_least_memory_that_can_not_be_searched_is_refused(
        plan_of: Callable[..., Plan], mix: dict[str, object], budget: int | None,
        why: str) -> None:
    with pytest.raises(ValueError, match=why):
        plan_of(hot_parts=[MEMORY | mix], budget={"cpus": 0.9, "memory_mb": budget})


def test_more_replicas_of_everything_and_of_the_hot_part_are_searched_on_one_pool(
        plan_of: Callable[..., Plan]) -> None:
    stores = KnownStores({"monolith": 0.006, "microservices": 0.015})
    hot = {"workload": "hot_search", "ordinary": "shop", "cpus": 0.9, "rate_per_s": 20,
           "hot_part": {"monolith": "monolith", "microservices": "search"},
           "ways": ["pooled"], "replicas": 3}
    done = Rehearsal(plan_of(hot_parts=[hot]), stores).run()
    found = {(t.topology, t.probe.variable, t.scaled, t.replicas, t.replicated, bool(t.shares))
             for t in done.recorded if t.probe}
    assert found == {
        (topology, variable, way, replicas, replicated, False)
        for variable in ("rate", "cpus")
        for topology, way, replicas, replicated in (
            ("monolith", "pooled", 1, None),
            ("monolith", "replicas_of_everything", 3, None),  # one program: no hot part beside it
            ("microservices", "pooled", 1, None),
            ("microservices", "replicas_of_everything", 3, None),
            ("microservices", "replicas_of_hot_part", 3, "search"))}


def test_splits_follow_the_measured_demand(plan_of: Callable[..., Plan]) -> None:
    stores = KnownStores({"monolith": 0.006, "microservices": 0.015})
    hot = {"workload": "hot_search", "ordinary": "shop", "cpus": 0.9,
           "hot_part": {"monolith": "monolith", "microservices": "microservices"}, "tune": [2.0]}
    done = Rehearsal(plan_of(hot_parts=[hot]), stores).run()
    shares = {t.scaled: t.shares for t in done.recorded if t.probe and t.topology == "monolith"}
    assert shares["pooled"] == {}
    assert shares["hot_part"] == pytest.approx(
        {"envoy": 0.18, "postgres": 0.27, "monolith": 0.45})
    assert shares["hot_part×2"]["monolith"] == pytest.approx(0.9 * 1.0 / 1.5)
