"""The chapter on failure isolation: predictions, places a store does not have, many faults."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import synthetic
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from synthetic import Planted, write_run
from synthetic_faults import write_many_faults

from contract.run_record import FaultRecord
from reports.arms import find_arms
from reports.compose import compose, describe
from reports.figures.isolation import draw_strips
from reports.figures.style import drawing_style, to_svg
from reports.guards import judge
from reports.impact import _tail
from reports.isolation import FaultResult, Loss, measure_isolation
from reports.isolation_words import isolation_headline
from reports.losses import Counts, halves_of, matched_half, weighted_loss
from reports.parts.isolation import isolation_part, most_telling
from reports.postures import changes_of, collateral_of, gap_of
from reports.read import read_run


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run with thirty faults; nobody changes its rows."""
    with pytest.MonkeyPatch.context() as patch:
        return write_many_faults(tmp_path_factory.mktemp("many"), patch)


@pytest.fixture(scope="module")
def in_two_postures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same thirty, each met in both postures."""
    with pytest.MonkeyPatch.context() as patch:
        return write_many_faults(tmp_path_factory.mktemp("twice"), patch, postures=True)


@pytest.fixture(scope="module")
def many_measured(many: Path) -> list[FaultResult]:
    return measure(many)


def measure(folder: Path) -> list[FaultResult]:
    run = read_run(folder)
    return measure_isolation(run, judge(run.record, {}), find_arms(run.record))


def test_excess_is_what_was_planted_beyond_the_graph(tmp_path: Path) -> None:
    for result in measure(write_run(tmp_path, Planted(phases=("isolation",)))):
        high, low = result.losses["monolith"].excess, result.losses["microservices"].excess
        assert high is not None
        assert low is not None
        assert low.value == pytest.approx(0, abs=0.01)
        assert 0.35 <= high.value <= 0.6
        checkout = next(a for a in result.availability if a.feature == "checkout")
        assert checkout.expected == 1.0


def planted_kinds(folder: Path, patch: pytest.MonkeyPatch, kinds: dict[str, object]) -> Path:
    patch.setattr(synthetic, "KINDS", kinds)
    return write_run(folder, Planted(phases=("isolation",), faults=tuple(kinds)))


def test_the_statements_of_the_matched_run_are_multiplied(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two statements each: 4 × 100 ms are above the objective of 250 ms, 4 × 5 ms are not."""
    late, timely = measure(planted_kinds(tmp_path, monkeypatch, {
        "late": ("database", "network_delay", 100.0),
        "timely": ("database", "network_delay", 5.0)}))
    for name in ("monolith", "microservices"):
        assert late.losses[name].expected == pytest.approx(1.0)
        assert timely.losses[name].expected == 0.0


def test_what_can_not_be_predicted_has_no_excess(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = planted_kinds(tmp_path, monkeypatch, {"payments-leak": ("payments", "leak", 0.0)})
    result, = measure(folder)
    loss = result.losses["monolith"]
    assert loss.blast is not None
    assert (loss.expected, loss.excess) == (None, None)
    part = isolation_part([result], find_arms(read_run(folder).record))
    table, = (table for table in part.tables if table.name == "isolation_losses")
    at = table.columns.index("predicted")
    assert [row[at:at + 2] for row in table.cells] == [["–", "–"]] * 2
    assert "isolation_predicted" not in {drawing.name for drawing in part.drawings}


def test_times_and_costs_of_a_fault_are_found(tmp_path: Path) -> None:
    results = measure(write_run(tmp_path, Planted(phases=("isolation",))))
    impact = results[0].losses["monolith"].impacts[0]
    assert impact.hurt_s == pytest.approx(0.1, abs=0.2)
    assert impact.seen_s == 1.0
    assert impact.signal_s is not None
    assert impact.good_run_s is not None
    assert 0 <= impact.good_run_s < 2
    assert impact.budget > 5
    assert impact.orders_lost is not None
    assert impact.orders_lost > 0
    assert results[1].losses["microservices"].impacts[0].signal_s is None  # a hang is silent


def test_faults_of_what_every_feature_needs_are_in_no_mean(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is down spares nobody: its 0 would halve the collateral of the others."""
    folder = planted_kinds(tmp_path, monkeypatch, {
        "payments-crash": ("payments", "crash", 0.0), "database-down": ("database", "down", 0.0)})
    crash, down = results = measure(folder)
    assert [result.has_independent for result in results] == [True, False]
    for loss in down.losses.values():
        assert loss.collateral is None
        assert loss.blast is not None
    mean, alone = collateral_of(results, "monolith"), crash.losses["monolith"].collateral
    assert mean is not None
    assert alone is not None
    assert (mean.value, mean.n) == (alone.value, 1)
    arms = find_arms(read_run(folder).record)
    headline = isolation_headline(results, arms)
    assert "mean of 1 fault (payments-crash)" in headline
    assert "; 1 fault of a part that every feature needs is in no mean." in headline
    assert isolation_headline([down], arms).startswith("Not measured")
    part = isolation_part(results, arms)
    assert "(every feature needs what broke)" in part.lead[1]
    table, = (table for table in part.tables if table.name == "isolation_losses")
    at = table.columns.index("collateral")
    assert [row[at] == "–" for row in table.cells] == [False, False, True, True]
    assert "isolation_collateral" in {drawing.name for drawing in part.drawings}
    twice = [replace(one, posture=posture) for one in results for posture in ("raw", "resilient")]
    assert [one.collateral is None for one in changes_of(twice)] == [False, False, True, True]
    named = isolation_part(twice, arms)
    table, = (table for table in named.tables if table.name == "isolation_postures")
    assert [row[2:5] == ["–"] * 3 for row in table.cells] == [False, False, True, True]


def test_what_a_hang_moves_beyond_its_window_is_lost_by_the_journeys_that_came_in_it(
        tmp_path: Path) -> None:
    """Steps that come after a timeout are due, and fail, when the fault has been cleared."""
    run = read_run(write_run(tmp_path, Planted(phases=("isolation",), faults=("payments-hang",),
                                               collateral={})))
    rows = run.requests
    trial = next(t for t in run.record.trials if t.fault and t.topology == "monolith")
    assert trial.fault is not None
    theirs = ((rows["trial"] == trial.id) & (rows["arrival_s"] >= trial.fault.armed_at_s)
              & (rows["arrival_s"] < trial.fault.cleared_at_s))
    late = theirs & (rows["step"] > 0) & (rows["feature"] == "cart")
    rows.loc[late, "intended_s"] += 100.0
    rows.loc[late, "good"] = False
    result, = measure_isolation(run, judge(run.record, {}), find_arms(run.record))
    loss, other = result.losses["monolith"], result.losses["microservices"]
    assert loss.collateral is not None
    assert loss.collateral.value == pytest.approx(0, abs=1e-9), "its window does not see them"
    blast, collateral = loss.of_journeys
    assert blast is not None
    assert collateral is not None
    assert late.sum() > 10
    assert collateral.value == pytest.approx(late.sum() / theirs.sum())
    assert blast.value > collateral.value
    assert other.of_journeys[1] is not None
    assert other.of_journeys[1].value == pytest.approx(0, abs=1e-9)
    part = isolation_part([result], find_arms(run.record))
    table, = (table for table in part.tables if table.name == "isolation_losses")
    shown = table.cells[0][table.columns.index("collateral of journeys")]
    assert shown.startswith(f"{collateral.value * 100:.1f} % [")
    assert table.raw[0][table.raw_columns.index("collateral_of_journeys")] == collateral.value


def test_a_second_is_below_the_objective_only_by_more_than_chance() -> None:
    assert _tail(0, 40) == 1.0
    assert _tail(1, 40) == pytest.approx(1 - 0.99 ** 40)
    assert _tail(4, 40) < 0.001 < _tail(3, 40)


def test_a_place_that_a_store_does_not_have_is_no_win(
        many: Path, many_measured: list[FaultResult]) -> None:
    results = many_measured
    cut = next(result for result in results if result.fault.name == "orders-network_cut")
    assert cut.void is None
    assert not cut.is_comparable
    assert cut.losses["monolith"].blast is None
    arms = find_arms(read_run(many).record)
    assert "network_cut" not in isolation_headline(results, arms)
    part = isolation_part([cut], arms)
    assert "monolith has no such place" in part.lead[0]
    assert any(row[-1] == "can't happen here" for table in part.tables for row in table.cells)


def test_of_many_faults_the_three_with_most_excess_are_told(
        many_measured: list[FaultResult]) -> None:
    results = many_measured
    told = most_telling(results)
    assert len(results) == 30
    assert len(told) == 3
    least = min(max(loss.excess.value for loss in one.losses.values() if loss.excess)
                for one in told)
    others = [loss.excess.value for one in results if one not in told
              for loss in one.losses.values() if loss.excess]
    assert least >= np.max(others)


def test_the_same_rows_give_the_same_bytes(many: Path) -> None:
    first = compose(many, lambda _: None).html.read_bytes()
    assert compose(many, lambda _: None).html.read_bytes() == first


def test_repeats_that_agree_are_no_more_certain_than_their_counts(tmp_path: Path) -> None:
    results = measure(write_run(tmp_path, Planted(phases=("isolation",), repeats=2)))
    for result in results:
        share = result.losses["microservices"].collateral  # nothing was planted: 0 twice
        assert share is not None
        assert share.n == 2
        assert share.value == pytest.approx(0, abs=1e-9)
        assert share.low is not None
        assert share.low < -0.005


def test_the_mean_over_faults_is_no_more_certain_than_the_run_they_share() -> None:
    """Nothing is lost; all faults are compared with one run.  19 of 20 intervals hold 0."""
    source = np.random.default_rng(5)
    weights = {"browse": 0.5, "search": 0.5}

    def a_run() -> list[Counts]:
        return [{feature: (int(source.binomial(50, 0.9)), 50) for feature in weights}]

    held = 0
    for _ in range(60):
        clear = a_run()
        losses = []
        for window in [a_run() for _ in range(8)]:
            asked = (window, clear, list(weights), weights)
            losses.append(Loss("monolith", None, weighted_loss(*asked), 0.0, None, [1],
                               matched_half=matched_half(*asked)))
        fault = FaultRecord(name="f", module="payments", kind="crash", dose=1, delay_ms=0, at_s=1,
                            for_s=1)
        mean = collateral_of([FaultResult(fault, [], [], {"monolith": loss}, 1, None)
                              for loss in losses], "monolith")
        assert mean is not None
        assert mean.low is not None
        assert mean.high is not None
        held += mean.low < 0 < mean.high
    assert held >= 54


def test_each_repeat_is_held_against_the_run_of_its_own_journeys() -> None:
    """What differs from one matched run to the next is no loss, and no spread of losses either."""
    def a_run(good: int) -> Counts:
        return {"browse": (good, 100)}

    weights = {"browse": 1.0}
    window, clear = [a_run(80), a_run(100), a_run(60)], [a_run(80), a_run(100), a_run(60)]
    own = weighted_loss(window, clear, ["browse"], weights, [[one] for one in clear])
    pooled = weighted_loss(window, clear, ["browse"], weights)
    assert own is not None
    assert pooled is not None
    assert own.value == pytest.approx(0.0, abs=1e-12)
    halves = [halves_of(window, clear, ["browse"], weights, by_run).between
              for by_run in ([[one] for one in clear], [])]
    assert halves[0] == pytest.approx(0.0, abs=1e-12)
    assert halves[1] > 0.5
    broken = [[a_run(0)], [clear[1]], [clear[2]]]
    assert weighted_loss(window, clear, ["browse"], weights, broken) is not None, "all stand in"


def test_both_postures_of_a_fault_stand_together_and_are_named(in_two_postures: Path) -> None:
    results = measure(in_two_postures)
    assert [result.posture for result in results] == ["raw", "resilient"] * 30
    assert results[0].name == "catalog-crash (raw)"
    assert results[1].name == "catalog-crash (resilient)"
    told = most_telling(results)
    assert len(told) == 6
    assert len({result.fault.name for result in told}) == 3


def test_what_can_not_happen_made_nothing_fail(
        many: Path, many_measured: list[FaultResult]) -> None:
    results = many_measured
    arms = find_arms(read_run(many).record)
    said = next(d.conclusion for d in isolation_part(results, arms).drawings
                if d.name == "isolation_matrix")
    hit, acted = (int(n) for n in re.findall(r"(\d+) of (\d+) in monolith", said)[0])
    assert acted == 25
    assert hit <= acted


def test_resilience_is_found_to_keep_what_it_was_planted_to_keep(tmp_path: Path) -> None:
    run = read_run(write_run(tmp_path, Planted(
        phases=("isolation",), faults=("payments-crash", "payments-crash"),
        collateral={"monolith": 0.5, "microservices": 0.2})))
    broken = [t for t in run.record.trials if t.fault]
    for trial in broken[2:]:
        trial.posture = "resilient"
        quiet = run.requests["trial"] == trial.id
        spare = ~run.requests["feature"].isin(["checkout"])
        if trial.topology == "monolith":
            run.requests.loc[quiet & spare, "good"] = True
    run.record.trials += [t.model_copy(update={"posture": "resilient"})
                          for t in run.record.trials if t.fault is None]
    results = measure_isolation(run, judge(run.record, {}), find_arms(run.record))
    kept = {one.topology: gap_of(*one.collateral) for one in changes_of(results)}
    assert kept["monolith"] is not None
    assert kept["monolith"].low > 0.25
    assert kept["microservices"] is not None
    assert kept["microservices"].low < 0 < kept["microservices"].high
    headline = isolation_headline(results, find_arms(run.record))
    assert re.search(r"resilience changed.*: monolith lost less, by .* and microservices no "
                     r"difference shown", headline)


def test_page_one_lists_every_void_fault_with_its_reason(in_two_postures: Path) -> None:
    run = read_run(in_two_postures)
    void = ("catalog-hang", "payments-error")
    for trial in run.record.trials:
        if trial.fault and trial.fault.name in void and trial.posture == "resilient":
            trial.fault.void = f"dose 0.1 in monolith against 0.9 of {trial.fault.name}"
    with drawing_style():
        document = describe(run)
    for name in void:
        assert f"{name} (resilient): void, dose 0.1 in monolith against 0.9 of {name}." in (
            document.labels)
        assert not any(label.startswith(f"{name} (raw)") for label in document.labels)
    assert any(label.startswith("2 of 60 faults, each posture counted, can't be")
               for label in document.labels)


def test_a_fault_that_acted_in_the_end_is_not_called_void_for_its_first_time(
        tmp_path: Path) -> None:
    """It was measured again, acted, and the trials were rejected for something else."""
    run = read_run(write_run(tmp_path, Planted(phases=("isolation",),
                                               faults=("payments-crash", "payments-crash"))))
    first, again = [[t for t in run.record.trials if t.fault and t.pair == pair]
                    for pair in sorted({t.pair for t in run.record.trials if t.fault})]
    for trial, attempt, void in ((t, n, why) for n, (some, why) in enumerate(
            ((first, "it did not act"), (again, ""))) for t in some):
        trial.pair, trial.attempt, trial.status = first[0].pair, attempt, "rejected"
        assert trial.fault
        trial.fault.void = void
    result, = measure_isolation(run, judge(run.record, {}), find_arms(run.record))
    assert result.void == "payments-crash: no usable trial on monolith, microservices."


def test_a_run_without_void_faults_has_no_such_label(tmp_path: Path) -> None:
    with drawing_style():
        document = describe(read_run(write_run(tmp_path, Planted(phases=("isolation",)))))
    assert not [label for label in document.labels if "can't be compared" in label]


def test_no_figure_of_many_faults_is_cut(in_two_postures: Path) -> None:
    run = read_run(in_two_postures)
    with drawing_style():
        drawings = [d for d in describe(run).parts[3].drawings
                    if d.name.startswith("isolation_")]
    assert [d.name for d in drawings[:2]] == ["isolation_strips", "isolation_matrix"], "hero first"
    assert "isolation_postures" in {d.name for d in drawings}
    for drawing in drawings:
        assert_is_whole(drawing.figure, drawing.name)


def test_a_long_name_of_a_fault_fits_above_its_strip(many_measured: list[FaultResult]) -> None:
    result = next(result for result in many_measured if result.strips)
    with drawing_style():
        figure = draw_strips([replace(
            result, posture="resilient", is_only_posture=False,
            fault=result.fault.model_copy(update={"name": "payments-replica-freeze"}))])
    assert figure is not None
    assert_is_whole(figure, result.name)


def assert_is_whole(figure: Figure, name: str) -> None:
    to_svg(figure)
    figure.dpi = 160
    with drawing_style():
        canvas = FigureCanvasAgg(figure)
        box = figure.get_tightbbox(canvas.get_renderer())
    width, height = figure.get_size_inches()
    assert box.x0 >= 0, name
    assert box.y0 >= 0, name
    assert box.x1 <= width, name
    assert box.y1 <= height, name


def test_replicas_are_named_where_every_program_had_more_than_one(tmp_path: Path) -> None:
    run = read_run(write_run(tmp_path, Planted(phases=("isolation",), faults=("payments-crash",))))
    arms = find_arms(run.record)
    for replicas, said in ((1, "While a module was broken, requests"),
                           (2, "While a module was broken (every program in 2 replicas), ")):
        for trial in run.record.trials:
            trial.replicas = replicas
        results = measure_isolation(run, judge(run.record, {}), arms)
        assert isolation_headline(results, arms).startswith(said)


def test_the_oracle_expects_less_of_one_replica_among_more(tmp_path: Path) -> None:
    run = read_run(write_run(tmp_path, Planted(phases=("isolation",), faults=("payments-crash",))))
    arms = find_arms(run.record)
    expected = []
    for replicas in (1, 2):
        for trial in run.record.trials:
            trial.replicas = replicas
            if trial.fault:
                trial.fault.kind = "replica_freeze"
        result, = measure_isolation(run, judge(run.record, {}), arms)
        expected.append(result.losses["monolith"].expected)
    assert expected[0] == pytest.approx(2 * expected[1])
