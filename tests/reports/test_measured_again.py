"""Of a group that was measured again only the last attempt counts, for every pair of its stores."""

from __future__ import annotations

from pathlib import Path

import pytest
from synthetic import Planted, write_run

import reports
from contract.run_record import RunRecord
from reports.arms import aa_pairs_of, pairs_of, usable
from reports.guards import judge
from reports.stopping import WidthRule

THREE = Planted(phases=("latency",), series=(("checkout", 8.0),), in_one_process=("checkout",),
                pairs=3, measure_s=20.0, rejected=(2, 4))
"""colocated is rejected in the first group, microservices in the second."""


def measured_again(folder: Path) -> RunRecord:
    """The first two groups as two attempts of one."""
    write_run(folder, THREE)
    path = folder / "run.json"
    record = RunRecord.model_validate_json(path.read_text())
    for trial in record.trials[3:6]:
        trial.pair, trial.attempt = 0, 1
    path.write_text(record.model_dump_json())
    return record


@pytest.mark.parametrize(("two", "found"), [
    (("monolith", "microservices"), [6]), (("microservices", "colocated"), [6]),
    (("monolith", "colocated"), [3, 6])])
def test_no_pair_is_taken_from_an_attempt_that_was_made_again(
        tmp_path: Path, two: tuple[str, str], found: list[int]) -> None:
    judged = judge(measured_again(tmp_path).model_copy(), {})
    pairs = pairs_of(judged, [*two], lambda _: True)
    assert [pair["monolith"].id for pair in pairs if "monolith" in pair] == found
    counted = {trial.id for trial in usable(judged, "latency")}
    assert all(pair[name].id in counted for pair in pairs for name in two)


def test_a_store_against_itself_is_taken_from_the_last_attempt_too(tmp_path: Path) -> None:
    record = measured_again(tmp_path)
    arms = [trial.model_copy(update={"is_aa": True, "arm": "ab"[place], "pair": 9, "attempt": k,
                                     "topology": "monolith", "store": "monolith", "id": 90 + n,
                                     "status": "rejected" if n == 3 else "ok"})
            for n, (k, place, trial) in enumerate(
                (k, place, record.trials[0]) for k in (0, 1) for place in (0, 1))]
    assert aa_pairs_of(judge(record.model_copy(update={"trials": arms}), {})) == []
    assert len(aa_pairs_of(judge(record.model_copy(update={"trials": arms[:2]}), {}))) == 1


def test_the_stop_rule_counts_a_group_that_was_measured_again_once(tmp_path: Path) -> None:
    record = measured_again(tmp_path)
    for trial in record.trials:
        trial.p50_ms = 5.0 + trial.id
    rule = WidthRule("monolith", "colocated", {"p50": 0.05}, 8)
    assert rule.pairs_of(record.trials, "p50") == [(8.0, 10.0), (11.0, 13.0)]
    rule = WidthRule("monolith", "microservices", {"p50": 0.05}, 8)
    assert rule.pairs_of(record.trials, "p50") == [(11.0, 12.0)]


def test_a_report_is_written_of_three_stores_and_two_attempts(tmp_path: Path) -> None:
    measured_again(tmp_path)
    report = reports.build(tmp_path)
    assert "microservices" in report.html.read_text(encoding="utf-8")
