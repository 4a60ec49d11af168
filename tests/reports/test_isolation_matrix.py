"""The matrix of faults and features: its outlines, its cells, and what fills an empty one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import synthetic
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from synthetic import Planted, write_run

from contract.endpoints import DEPENDS_ON, FEATURES
from reports.arms import find_arms
from reports.estimate import attainment
from reports.figures.isolation import GOOD_TO_BAD, draw_availability
from reports.figures.matrix import draw_matrix
from reports.figures.style import INK, drawing_style, to_svg
from reports.guards import judge
from reports.isolation import Availability, FaultResult, measure_isolation
from reports.parts.isolation import isolation_part
from reports.parts.isolation_drawings import isolation_drawings
from reports.parts.isolation_tables import availability_table
from reports.read import Run, read_run

KINDS = {"payments-hang": ("payments", "hang", 0.0), "bank-slow": ("bank", "slow", 2000.0),
         "a-crash": ("search", "crash", 0.0), "catalog-error": ("catalog", "error", 0.0),
         "orders-network_cut": ("orders", "network_cut", 0.0), "cart-pool": ("cart", "pool", 0.0),
         "database-down": ("database", "down", 0.0)}
"""A fault of each module, ordered neither by module nor by name; the two orders differ."""


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run with these faults; nobody changes its files."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(synthetic, "KINDS", KINDS)
        return write_run(tmp_path_factory.mktemp("planted"), Planted(
            phases=("isolation",), faults=tuple(KINDS), collateral={}))


@pytest.fixture(scope="module")
def measured(planted: Path) -> list[FaultResult]:
    """As they were met; one has no place in the monolith."""
    run = read_run(planted)
    for trial in run.record.trials:
        if trial.fault and trial.fault.kind == "network_cut" and trial.store == "monolith":
            trial.fault.applies, trial.fault.times_fired = False, 0
    return measure(run)


def measure(run: Run) -> list[FaultResult]:
    ordered = run.requests.sort_values(["trial", "intended_s"], kind="stable")
    return measure_isolation(replace(run, requests=ordered), judge(run.record, {}),
                             find_arms(run.record))


def matrix_of(results: list[FaultResult]) -> Figure:
    with drawing_style():
        figure = draw_matrix(results)
    assert figure is not None
    return figure


def panels_of(figure: Figure) -> dict[str, Axes]:
    return {axis.get_title(loc="left"): axis for axis in figure.axes}


def place_of(figure: Figure, x: float, y: float) -> tuple[str, str]:
    """The fault and the feature by whose labels an artist stands."""
    axis = figure.axes[0]
    (fault,), (feature,) = (
        [label.get_text() for label in labels if int(at) <= label.get_position()[n] < int(at) + 1]
        for n, at, labels in ((1, y, axis.get_yticklabels()), (0, x, axis.get_xticklabels())))
    return fault, feature


def rectangles_of(axis: Axes, *, fill: bool) -> list[Rectangle]:
    return [patch for patch in axis.patches
            if isinstance(patch, Rectangle) and patch.get_fill() is fill]


def texts_of(figure: Figure, axis: Axes) -> dict[tuple[str, str], str]:
    return {place_of(figure, *text.get_position()): text.get_text() for text in axis.texts
            if text.get_text() != "can't happen"}


def test_outlined_is_what_the_contract_declares_and_nothing_else(
        measured: list[FaultResult]) -> None:
    needs = {(result.fault.name, feature) for result in measured for feature in FEATURES
             if result.fault.module in (*DEPENDS_ON[feature], "database")}
    figure = matrix_of(measured)
    panels = panels_of(figure)
    assert list(panels) == ["monolith", "microservices"]
    assert len(needs) == 1 + 1 + 1 + 3 + 2 + 2 + 5
    for store, axis in panels.items():
        frames = rectangles_of(axis, fill=False)
        outlined = [place_of(figure, *frame.get_xy()) for frame in frames]
        can_not = {need for need in needs if need[0] == "orders-network_cut"}
        assert sorted(outlined) == sorted(needs - (can_not if store == "monolith" else set()))
        assert {frame.get_edgecolor() for frame in frames} == {to_rgba(INK)}
        assert all(frame.get_linewidth() > 0 for frame in frames)
        assert all(shade.get_linewidth() == 0 for shade in rectangles_of(axis, fill=True))
    assert [text.get_text() for text in panels["monolith"].texts].count("can't happen") == 1


def test_each_cell_shows_and_shades_the_loss_of_its_own_fault_and_feature(
        measured: list[FaultResult]) -> None:
    """A loss of its own is planted in every cell of both stores."""
    cells, results = {}, []
    for result in measured:
        own = []
        for one in result.availability:
            lost = 5 + len(cells)
            cells[result.fault.name, one.topology, one.feature] = lost
            own.append(replace(one, with_fault=attainment(100 - lost, 100),
                               matched=attainment(100, 100)))
        results.append(replace(result, availability=own))
    assert sorted(cells.values()) == list(range(5, 75)), "all differ"
    figure = matrix_of(results)
    for store, axis in panels_of(figure).items():
        expected = {(fault, feature): lost for (fault, topology, feature), lost in cells.items()
                    if topology == store
                    and not (store == "monolith" and fault == "orders-network_cut")}
        assert texts_of(figure, axis) == {place: str(n) for place, n in expected.items()}
        shades = {place_of(figure, *shade.get_xy()): shade.get_facecolor()
                  for shade in rectangles_of(axis, fill=True)}
        assert shades == {place: pytest.approx(GOOD_TO_BAD(1 - n / 100))
                          for place, n in expected.items()}


def of_the_hang(run: Run, feature: str) -> pd.Series[bool]:
    """Rows of a feature that were due while payments of the microservices hung."""
    rows, trial = run.requests, next(
        t for t in run.record.trials
        if t.fault and t.fault.kind == "hang" and t.store == "microservices")
    assert trial.fault is not None
    return ((rows["trial"] == trial.id) & (rows["feature"] == feature)
            & (rows["intended_s"] >= trial.fault.armed_at_s)
            & (rows["intended_s"] < trial.fault.cleared_at_s))


def moved(planted: Path, feature: str, *, one_good_of: int) -> tuple[Run, int, int]:
    """A run in which visitors came to a feature only when the fault was cleared; so many of these
    steps, of journeys that arrived while it was armed, and how many were good."""
    run = read_run(planted)
    rows = run.requests
    late = of_the_hang(run, feature)
    rows.loc[late & (rows["arrival_s"] < 4.01), "arrival_s"] = 4.02
    rows.loc[late, "intended_s"] += 4.1
    theirs = ((rows["trial"] == rows.loc[late, "trial"].iloc[0]) & (rows["feature"] == feature)
              & (rows["arrival_s"] >= 4.01) & (rows["arrival_s"] < 8.02))
    good = theirs & (theirs.cumsum() % one_good_of == 0)
    rows.loc[theirs, "good"] = good[theirs]
    return run, int(theirs.sum()), int(good.sum())


def cell_of(results: list[FaultResult], feature: str) -> Availability:
    return next(one for result in results if result.fault.name == "payments-hang"
                for one in result.availability
                if (one.topology, one.feature) == ("microservices", feature))


def test_a_feature_that_nobody_reached_in_time_shows_what_journeys_lost(planted: Path) -> None:
    run, n, good = moved(planted, "checkout", one_good_of=3)
    assert n > 6
    assert 0 < good < n
    results = measure(run)
    one = cell_of(results, "checkout")
    assert one.with_fault is None, "no row is left in the window"
    assert one.matched is not None
    assert one.lost == pytest.approx(1 - good / n)
    figure = matrix_of(results)
    panels = panels_of(figure)
    cells = texts_of(figure, panels["microservices"])
    assert cells["payments-hang", "checkout"] == f"({(1 - good / n) * 100:.0f})"
    others = [*texts_of(figure, panels["monolith"]).values(),
              *(said for place, said in cells.items() if place != ("payments-hang", "checkout"))]
    assert all(said.isdecimal() for said in others), "what was due in the window stays plain"
    slanted = {text.get_text() for axis in panels.values() for text in axis.texts
               if text.get_style() == "italic"}
    assert slanted == {cells["payments-hang", "checkout"]}
    shade, = (shade.get_facecolor() for shade in rectangles_of(panels["microservices"], fill=True)
              if place_of(figure, *shade.get_xy()) == ("payments-hang", "checkout"))
    assert shade == pytest.approx(GOOD_TO_BAD(good / n))


def test_no_number_is_wider_than_its_cell(measured: list[FaultResult]) -> None:
    """Four panels, and all of every feature lost by journeys: the widest there is."""
    results = [replace(result, posture=posture, availability=[
        replace(one, with_fault=None, of_journeys=(attainment(0, 9), attainment(9, 9)))
        for one in result.availability])
        for result in measured for posture in ("raw", "resilient")]
    figure = matrix_of(results)
    assert len(figure.axes) == 4
    to_svg(figure)
    renderer = FigureCanvasAgg(figure).get_renderer()
    for axis in figure.axes:
        inside = min(frame.get_window_extent(renderer).width
                     for frame in rectangles_of(axis, fill=False))
        numbers = [text for text in axis.texts if text.get_text() == "(100)"]
        assert len(numbers) >= 30
        assert max(text.get_window_extent(renderer).width for text in numbers) < inside


def test_its_row_in_the_table_says_the_same_in_parentheses(planted: Path) -> None:
    run, n, good = moved(planted, "checkout", one_good_of=3)
    table = availability_table(measure(run))
    at = [row[:3] for row in table.cells].index(["payments-hang", "microservices", "checkout"])
    with_fault, scheduled, without, scheduled_without = table.cells[at][4:8]
    assert with_fault.startswith(f"({good / n * 100:.1f} % [")
    assert with_fault.endswith("])")
    assert scheduled == scheduled_without == f"({n})"
    assert without.startswith("(100")
    raw = dict(zip(table.raw_columns, table.raw[at], strict=True))
    assert (raw["with_fault"], raw["n"]) == (None, 0)
    assert raw["of_journeys"] == good / n
    assert raw["n_of_journeys"] == raw["n_without_of_journeys"] == n
    assert raw["without_of_journeys"] == 1.0
    assert raw["without"] == 1.0
    others = [cell for place, row in enumerate(table.cells) if place != at for cell in row]
    assert not any(cell.startswith("(") for cell in others)
    assert "In parentheses: none was due in it" in table.caption


def test_a_dash_is_left_only_where_no_journey_has_such_a_step(planted: Path) -> None:
    run = read_run(planted)
    rows = run.requests
    late = of_the_hang(run, "checkout")
    hang = rows["trial"] == rows.loc[late, "trial"].iloc[0]
    rows.loc[hang & (rows["feature"] == "checkout"), ["intended_s", "arrival_s"]] += 30.0
    results = measure(run)
    one = cell_of(results, "checkout")
    assert (one.with_fault, one.of_journeys[0], one.lost) == (None, None, None)
    figure = matrix_of(results)
    dashes = [(store, place) for store, axis in panels_of(figure).items()
              for place, said in texts_of(figure, axis).items() if said == "–"]
    assert dashes == [("microservices", ("payments-hang", "checkout"))]
    table = availability_table(results)
    row, = (row for row in table.cells
            if row[:3] == ["payments-hang", "microservices", "checkout"])
    assert row[4:6] == ["–", "0"]
    assert row[6].startswith("100.0 % [")


def test_what_only_journeys_show_is_told_as_collateral_and_drawn_dotted(planted: Path) -> None:
    run, n, _ = moved(planted, "cart", one_good_of=999)
    assert n > 10
    results = [result for result in measure(run) if result.fault.name == "payments-hang"]
    arms = find_arms(run.record)
    with drawing_style():
        drawings = {one.name: one for one in isolation_drawings(results, results, arms)}
        figure = draw_availability(results)
    assert drawings["isolation_matrix"].conclusion == (
        "Features that failed without needing the broken module: payments-hang on microservices: "
        "cart.")
    assert "In parentheses: none of its requests was due" in drawings["isolation_matrix"].reading
    assert figure is not None
    dotted = [line for line in figure.axes[0].lines if line.get_linestyle() == ":"]
    assert [tuple(map(float, line.get_xdata())) for line in dotted] == [(0.0, 100.0)]
    assert round(float(dotted[0].get_ydata()[0])) == FEATURES.index("cart")


def test_without_any_matched_run_the_window_still_tells_what_was_good(planted: Path) -> None:
    run = read_run(planted)
    run.record.trials[:] = [trial for trial in run.record.trials if trial.fault]
    results = measure(run)
    assert all(result.void for result in results)
    part = isolation_part(results, find_arms(run.record))
    table, = (table for table in part.tables if table.name == "isolation_availability")
    assert all("%" in row[4] and not row[4].startswith("(") for row in table.cells)
    assert all(row[6:] == ["–", "0"] for row in table.cells)
