"""What the strips and the matrix of the isolation chapter draw, by the artists in them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from synthetic import Planted, write_run

from reports.arms import find_arms
from reports.figures.isolation import draw_strips
from reports.figures.style import drawing_style
from reports.guards import judge
from reports.isolation import FaultResult, measure_isolation
from reports.parts.isolation import isolation_part
from reports.parts.isolation_drawings import isolation_drawings
from reports.read import Run, read_run

HURT, SEEN, RECOVERED = "^", "D", "o"
STORES = ("monolith", "microservices")


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run with three faults, met once; nobody changes its files."""
    return write_run(tmp_path_factory.mktemp("planted"), Planted(phases=("isolation",)))


@pytest.fixture(scope="module")
def measured(planted: Path) -> list[FaultResult]:
    return measure(read_run(planted))


def measure(run: Run) -> list[FaultResult]:
    return measure_isolation(run, judge(run.record, {}), find_arms(run.record))


def strips_of(results: list[FaultResult]) -> Figure:
    with drawing_style():
        figure = draw_strips(results)
    assert figure is not None
    return figure


def panels_of(figure: Figure) -> list[Axes]:
    return [axis for axis in figure.axes if axis.get_title(loc="left")]


def marks_of(axis: Axes) -> dict[str, float]:
    """Marker → its second; the points where nothing was scheduled are no marks."""
    marks = [(str(line.get_marker()), line) for line in axis.lines
             if line.get_marker() in (HURT, SEEN, RECOVERED)]
    assert len(marks) == len({marker for marker, _ in marks}), "one of each"
    return {marker: float(np.asarray(line.get_xdata())[0]) for marker, line in marks}


def limits_of(axis: Axes) -> list[float]:
    """Where dashed lines stand: armed and cleared."""
    return [float(np.asarray(line.get_xdata())[0]) for line in axis.lines
            if line.is_dashed() and len(set(line.get_xdata())) == 1]


def test_every_mark_of_a_strip_stands_at_its_own_instant(measured: list[FaultResult]) -> None:
    """All instants differ, also between faults and stores: each swap of two is seen."""
    results, instants = [], {}
    for number, result in enumerate(measured[:2]):
        losses, strips = {}, []
        for place, strip in enumerate(result.strips):
            shift = 0.1 * number + 0.03 * place
            armed, cleared = 3.0 + shift, 7.0 + shift
            instants[result.name, strip.topology] = (
                [armed, cleared], {HURT: armed + 0.4 + shift, SEEN: armed + 1.5 + shift,
                                   RECOVERED: cleared + 2.2 + shift})
            strips.append(replace(strip, armed_s=armed, cleared_s=cleared))
            loss = result.losses[strip.topology]
            losses[strip.topology] = replace(loss, impacts=(replace(
                loss.impacts[0], hurt_s=0.4 + shift, seen_s=1.5 + shift, signal_s=0.2,
                good_run_s=0.9, recovered_s=2.2 + shift, drained_s=1.1, consistent_s=1.3),))
        results.append(replace(result, strips=strips, losses=losses))
    panels = panels_of(strips_of(results))
    names = [axis.get_title(loc="left") for axis in panels]
    assert names == [f"{results[0].name} · monolith", "microservices",
                     f"{results[1].name} · monolith", "microservices"]
    for axis, (limits, marks) in zip(panels, instants.values(), strict=True):
        assert limits_of(axis) == pytest.approx(limits)
        assert marks_of(axis) == pytest.approx(marks)


def test_what_was_not_seen_has_no_mark(measured: list[FaultResult]) -> None:
    result = measured[0]
    for field, marker in (("hurt_s", HURT), ("seen_s", SEEN), ("recovered_s", RECOVERED)):
        loss = result.losses["microservices"]
        seen = {"hurt_s": 0.5, "seen_s": 1.0, "recovered_s": 0.5} | {field: None}
        impact = replace(loss.impacts[0], **seen)
        losses = result.losses | {"microservices": replace(loss, impacts=(impact,))}
        _, right = panels_of(strips_of([replace(result, losses=losses)]))
        assert set(marks_of(right)) == {HURT, SEEN, RECOVERED} - {marker}


@pytest.mark.parametrize("until_s", [10.0, np.inf])
def test_a_feature_that_stays_dead_after_clearing_is_not_marked_recovered_early(
        planted: Path, until_s: float) -> None:
    """Twenty good requests of the others in a row do not hide the one that is dead."""
    run = read_run(planted)
    rows = run.requests
    trial = next(t for t in run.record.trials
                 if t.fault and t.fault.name == "payments-crash" and t.store == "microservices")
    assert trial.fault is not None
    assert trial.fault.cleared_at_s is not None
    dead = ((rows["trial"] == trial.id) & (rows["feature"] == "checkout")
            & (rows["intended_s"] >= trial.fault.cleared_at_s) & (rows["intended_s"] < until_s))
    rows.loc[dead, "good"] = False
    results = measure(run)
    impact = results[0].losses["microservices"].impacts[0]
    assert impact.good_run_s is not None
    assert impact.good_run_s < 1.0, "the others are well at once"
    marks = marks_of(panels_of(strips_of(results))[1])
    last_bad_s = float(rows.loc[dead, "intended_s"].max())
    assert last_bad_s > trial.fault.cleared_at_s + 1.0
    assert marks.get(RECOVERED) == (None if np.isinf(until_s) else pytest.approx(last_bad_s))
    assert {HURT, SEEN} <= set(marks)


def test_a_mark_behind_the_last_second_is_inside_its_panel(measured: list[FaultResult]) -> None:
    """The last bad request may be a late step of a journey: due when no more journeys arrive."""
    result = measured[0]
    strip, loss = result.strips[0], result.losses["monolith"]
    end_s = strip.first_s + strip.share.shape[1]
    impact = replace(loss.impacts[0], recovered_s=end_s + 1.0 - strip.cleared_s)
    losses = result.losses | {"monolith": replace(loss, impacts=(impact,))}
    panels = panels_of(strips_of([replace(result, losses=losses), measured[1]]))
    assert marks_of(panels[0])[RECOVERED] == pytest.approx(end_s + 1.0)
    assert [axis.get_xlim() for axis in panels] == [
        pytest.approx((strip.first_s, end_s + 1.0))] * 4


def test_legend_and_caption_call_each_mark_by_its_name(planted: Path,
                                                       measured: list[FaultResult]) -> None:
    legend, = strips_of(measured).legends
    said = {text.get_text(): str(line.get_marker())
            for text, line in zip(legend.get_texts(), legend.get_lines(), strict=True)}
    assert said == {"armed, then cleared": "None", "first bad request": HURT,
                    "shown below 99 %": SEEN, "recovered, every feature": RECOVERED}
    with drawing_style():
        strips = isolation_drawings(measured, measured, find_arms(read_run(planted).record))[0]
    assert strips.name == "isolation_strips"
    assert "▲ first bad request" in strips.reading
    assert "◆ shown to be below 99 %" in strips.reading
    assert "● recovered: the last bad request of any feature" in strips.reading
    assert "No ●: a feature did not come back within the trial" in strips.reading


def test_the_tables_named_below_the_strips_hold_every_mark(planted: Path,
                                                           measured: list[FaultResult]) -> None:
    part = isolation_part(measured, find_arms(read_run(planted).record))
    strips = part.drawings[0]
    columns = [name for table in part.tables if table.name in strips.tables
               for name in table.raw_columns]
    assert {"attainment", "hurt_s", "seen_s", "recover_s"} <= set(columns)
