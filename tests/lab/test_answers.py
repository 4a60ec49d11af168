"""A trial's rows answer by the journeys that arrived in the measured window."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from contract.results import REQUESTS, write_table
from contract.run_record import TrialRecord
from lab.answers import Answers, holds, read_answers

NEVER = math.nan


def _trial(**changed: Any) -> TrialRecord:
    return TrialRecord(**{
        "id": 1, "phase": "search", "pair": 0, "topology": "monolith", "store": "monolith",
        "workload": "shop", "rate_profile": [(1, 9), (4, 9)], "seed": 1, "warmup_s": 1.0,
        "measure_s": 4, "cpu_budget": 0.9, "slo_ms": 100, **changed})


def _row(journey: int, step: int, intended: float, took: float, outcome: str = "ok",
         ) -> tuple[object, ...]:
    return (1, journey, step, "browse", "catalog", "get_product", intended, intended, intended,
            intended + took, 200, outcome, "", 0, 9, "", 1, 1)


def _answers(path: Path, rows: list[tuple[object, ...]]) -> Answers:
    write_table(rows, REQUESTS, path / "rows.parquet")
    return read_answers(path / "rows.parquet", _trial())


def test_the_warm_up_does_not_count_not_even_its_later_steps(tmp_path: Path) -> None:
    found = _answers(tmp_path, [
        _row(0, 0, 0.9, 0.02), _row(0, 1, 1.5, 0.02), _row(1, 0, 1.1, 0.02)])
    assert (found.scheduled, found.good) == (1, 1)


@pytest.mark.parametrize(("took", "outcome", "good"), [
    (0.02, "ok", 1), (0.2, "ok", 0), (0.02, "status", 0), (NEVER, "censored", 0),
])
def test_good_is_right_and_in_time(tmp_path: Path, took: float, outcome: str, good: int) -> None:
    assert _answers(tmp_path, [_row(0, 0, 2.0, took, outcome)]).good == good


def test_a_step_that_was_never_begun_counts_as_bad(tmp_path: Path) -> None:
    found = _answers(tmp_path, [_row(0, 0, 2.0, 0.01), _row(0, 1, NEVER, NEVER, "censored")])
    assert (found.scheduled, found.good) == (2, 1)


def test_percentiles_are_of_first_requests_and_need_rows_enough(tmp_path: Path) -> None:
    few = [_row(number, 0, 2.0, 0.01) for number in range(19)]
    assert _answers(tmp_path, few).p50_ms is None
    later = [_row(number, 1, 2.0, 0.09) for number in range(19)]
    found = _answers(tmp_path, [*few, *later, _row(19, 0, 2.0, 0.01)])
    assert found.p50_ms == pytest.approx(10.0)
    assert found.p95_ms is None


def test_a_median_that_no_right_answer_reached_is_none(tmp_path: Path) -> None:
    rows = [_row(number, 0, 2.0, 0.01, "ok" if number < 9 else "timeout") for number in range(20)]
    assert _answers(tmp_path, rows).p50_ms is None


@pytest.mark.parametrize(("good", "stopped", "expected"), [
    (99, False, True), (98, False, False), (100, True, False)])
def test_a_store_holds_when_99_of_100_are_good_to_the_end(
        good: int, stopped: bool, expected: bool) -> None:
    answers = Answers(1.0, 1.0, 100, good)
    assert holds(answers, _trial(stopped_early=stopped)) is expected


def test_nothing_scheduled_is_not_held() -> None:
    assert not holds(Answers(None, None, 0, 0), _trial())
