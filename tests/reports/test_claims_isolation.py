"""The ledger on faults: which posture is judged, and what a run was too short to decide."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats
from synthetic import Planted, write_run

from reports.arms import Arms
from reports.claims.evidence import Evidence
from reports.claims.isolation import contained, no_amplification, single_point
from reports.estimate import Estimate
from reports.guards import judge
from reports.isolation import FaultResult, measure_isolation
from reports.losses import (
    Counted,
    Counts,
    Halves,
    halves_of,
    least_half,
    times_for,
    weighted_loss,
    widened,
)
from reports.read import read_run

ARMS = Arms("monolith", "microservices", ())


def faults_of(folder: Path, **planted: object) -> list[FaultResult]:
    truth = Planted(phases=("isolation",), faults=("payments-crash",), **planted)  # type: ignore
    run = read_run(write_run(folder, truth))
    return measure_isolation(run, judge(run.record, {}), ARMS)


def evidence(faults: list[FaultResult], catalogue: tuple[tuple[str, str], ...] = ()) -> Evidence:
    known = {f"{module}-{kind}": {"module": module, "kind": kind} for module, kind in catalogue}
    run = SimpleNamespace(record=SimpleNamespace(definitions={"faults": known}))
    return Evidence(run, [], ARMS, [], None, None, faults, {})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> list[FaultResult]:
    """One run of one fault: half of the monolith's other requests are lost, no other's."""
    return faults_of(tmp_path_factory.mktemp("short"))


def with_requests(faults: list[FaultResult], times: int) -> list[FaultResult]:
    """The same as if so many times the requests had been made, with the interval that gives."""
    found = []
    for result in faults:
        losses = {}
        for name, loss in result.losses.items():
            more = tuple(one._replace(window=one.window * times, matched=one.matched * times)
                         for one in loss.counted)
            assert loss.collateral is not None
            value, half = loss.collateral.value, least_half(more)
            losses[name] = replace(loss, counted=more, collateral=replace(
                loss.collateral, low=value - half, high=value + half))
        found.append(replace(result, losses=losses))
    return found


def test_a_run_too_short_to_show_that_nothing_is_lost_says_what_it_takes(
        short: list[FaultResult]) -> None:
    row = contained(evidence(short))
    assert row.word == "not testable here"
    assert row.effects[0].high is not None
    assert row.effects[0].high > 0.01
    said = re.fullmatch(
        r"at least (\d+) repeats, ([\d,]+) requests that do not need the module in the window of "
        r"payments-crash: the (\d+) of this run leave ±([\d.]+) points though nothing is lost, "
        r"and 1 point decides", row.missing)
    assert said
    repeats, needed, here = (int(text.replace(",", "")) for text in said.groups()[:3])
    counted = short[0].losses["microservices"].counted
    assert here == sum(one.window for one in counted)
    assert needed == here * repeats
    assert float(said[4]) == pytest.approx(least_half(counted) * 100, abs=0.01)
    assert contained(evidence(with_requests(short, repeats))).word == "supported"
    assert contained(evidence(with_requests(short, repeats - 1))).word == "not testable here"


def test_what_a_short_run_does_show_stands(short: list[FaultResult]) -> None:
    row = single_point(evidence(short))
    assert (row.word, row.missing) == ("supported", "")


def test_a_run_that_was_long_enough_and_unlucky_shows_no_difference(
        short: list[FaultResult]) -> None:
    long = with_requests(short, 1_000)
    loss = long[0].losses["microservices"]
    assert loss.collateral is not None
    unlucky = replace(loss, collateral=replace(loss.collateral, value=0.01, low=0.005, high=0.015))
    row = contained(evidence([replace(long[0], losses={**long[0].losses,
                                                       "microservices": unlucky})]))
    assert (row.word, row.missing) == ("no difference shown", "")


@pytest.mark.parametrize("good", [1.0, 0.97])
@pytest.mark.parametrize("n", [9, 214, 50_000])
def test_the_least_number_of_requests_is_enough_and_one_time_less_is_not(
        n: int, good: float) -> None:
    features = (Counted(0.6, n, n + 3, good), Counted(0.3, n // 2, n // 2, 1.0))
    times = times_for(features, 0.01)
    assert least_half(features, times) <= 0.01
    assert times == 1 or least_half(features, times - 1) > 0.01


def test_amplification_without_retries_is_judged_without_retries(
        short: list[FaultResult]) -> None:
    """A store that retries once may lose more than predicted: the claim does not speak of it."""
    resilient = replace(short[0], posture="resilient", is_only_posture=False)
    assert no_amplification(evidence([resilient])).word == "not testable here"
    row = no_amplification(evidence([*short, resilient]))
    assert [effect.what for effect in row.effects] == [
        f"payments-crash on {name}: lost beyond prediction"
        for name in ("monolith", "microservices")]
    assert row.word == "contradicted"


def test_faults_of_what_every_feature_needs_decide_nothing(short: list[FaultResult]) -> None:
    database = [replace(short[0], fault=short[0].fault.model_copy(
        update={"module": "database", "kind": kind, "name": f"database-{kind}"}))
        for kind in ("down", "network_cut")]
    for judged in (single_point, contained):
        row = judged(evidence([*short, *database], (("payments", "crash"), ("database", "down"))))
        assert len(row.effects) == 1
        assert row.caveat.endswith("; 2 faults of a part that every feature needs take no part: "
                                   "nothing can be collateral")
        assert judged(evidence(database)).word == "not testable here"


def test_faults_of_the_catalogue_that_a_run_left_out_are_told(short: list[FaultResult]) -> None:
    met = ("payments", "crash")
    assert contained(evidence(short, (met,))).caveat.endswith("1 % of all requests")
    few = contained(evidence(short, (met, ("cart", "hang"), ("bank", "down")))).caveat
    assert few.endswith("; 2 of 3 faults in the run's catalogue (module and kind) take no part, "
                        "not met or void: bank down and cart hang")
    kinds = [("cart", kind) for kind in ("crash", "hang", "slow", "error", "burn", "leak", "pool")]
    many = contained(evidence(short, (met, *kinds))).caveat
    assert many.endswith("7 of 8 faults in the run's catalogue (module and kind) take no part, "
                         "not met or void")


def among(short: list[FaultResult], others: int, **changes: object) -> list[FaultResult]:
    """A fault that costs the services 3 % [1.5, 4.5] of requests, among others that cost none."""
    loss = short[0].losses["microservices"]
    some = Estimate(0.03, 0.015, 0.045, 1000, "share of requests", "")
    none = replace(some, value=0.0, low=-0.001, high=0.001)
    found = [replace(loss, collateral=some, blast=some, expected=0.0,
                     halves=(Halves(0.015), Halves(0.015)))]
    found += [replace(loss, collateral=none, blast=none, expected=0.0,
                      halves=(Halves(0.001), Halves(0.001)))] * others
    return [replace(short[0], losses={"microservices": replace(one, **changes)})  # type: ignore
            for one in found]


def test_the_worst_of_many_intervals_decides_only_beyond_what_chance_makes_of_many(
        short: list[FaultResult]) -> None:
    for judged in (contained, no_amplification):
        alone, many = (judged(evidence(among(short, others))) for others in (0, 39))
        assert alone.word == "contradicted"
        assert "Bonferroni" not in alone.caveat
        assert many.word != "contradicted"
        assert "the intervals of all 40 hold together in 95 % (Bonferroni)" in many.caveat
        half = 0.015 * stats.norm.ppf(1 - 0.05 / 80) / stats.norm.ppf(0.975)
        assert many.effects[0].low == pytest.approx(0.03 - half)
        assert many.effects[0].high == pytest.approx(0.03 + half)
    assert single_point(replace(evidence(among(short, 39)), arms=Arms(
        "microservices", "monolith", ()))).word != "supported"


def test_a_widened_interval_asks_student_where_runs_differ() -> None:
    found = Estimate(0.0, -0.5, 0.5, 3, "share of requests", "")
    for halves, half in ((Halves(0.1, 0.2, 3), 0.2 * stats.t.ppf(1 - 0.025 / 8, 2)
                          / stats.t.ppf(0.975, 2)),
                         (Halves(0.1, 0.001, 3), 0.1 * stats.norm.ppf(1 - 0.025 / 8)
                          / stats.norm.ppf(0.975))):
        assert widened(found, halves, 8).low == pytest.approx(-half)
        assert widened(found, halves, 1) == found


def test_halves_are_what_a_loss_has_its_interval_from() -> None:
    """Of 160 single intervals around 20 % some miss it, of those of a family of 40 hardly one."""
    source, weights = np.random.default_rng(3), {"browse": 0.5, "search": 0.5}

    def a_run() -> list[Counts]:
        return [{feature: (int(source.binomial(200, 0.8)), 200) for feature in weights}]

    missed = {1: 0, 40: 0}
    for _ in range(4):
        sure = [dict.fromkeys(weights, (1_000, 1_000))]
        found = [(weighted_loss(*asked), halves_of(*asked)) for asked in (
            (a_run(), sure, list(weights), weights) for _ in range(40))]
        for family in missed:
            wide = [widened(one, halves, family) for one, halves in found if one]
            missed[family] += sum(not (one.low or 0) < 0.2 < (one.high or 0) for one in wide)
        one, halves = found[0]
        assert one is not None
        assert one.low == pytest.approx(one.value - max(halves.counting, halves.between))
    assert missed[1] >= 3
    assert missed[40] <= 1


def test_a_fault_that_only_the_services_can_have_decides_over_them(
        short: list[FaultResult]) -> None:
    """Cut, dropped and late calls between services are what the claim is about."""
    lost, none = (short[0].losses[name] for name in ("monolith", "microservices"))
    cut = replace(short[0], fault=short[0].fault.model_copy(update={"kind": "network_cut"}),
                  losses={"monolith": replace(none, blast=None, collateral=None, applies=False),
                          "microservices": replace(lost, topology="microservices")})
    assert not cut.is_comparable
    row = contained(evidence([cut], (("payments", "network_cut"),)))
    assert (row.word, len(row.effects)) == ("contradicted", 1)
    assert row.caveat.endswith("1 % of all requests")
    assert single_point(evidence([cut])).word == "not testable here"
    assert [effect.what for effect in no_amplification(evidence([cut])).effects] == [
        "payments-crash on microservices: lost beyond prediction"]
    assert contained(evidence([replace(cut, void="it did not act")])).word == "not testable here"
