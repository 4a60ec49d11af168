"""Retry amplification: tries of the proxy ÷ first tries, in both stores."""

from __future__ import annotations

import pytest
from synthetic import Planted, write_run

from contract.run_record import PartTraffic, TrialRecord
from reports.arms import find_arms
from reports.guards import judge
from reports.impact import tries_ratio
from reports.isolation import measure_isolation
from reports.parts.impact import impact_tables
from reports.read import Run, read_run

MONOLITH = {"envoy": PartTraffic(received=9, sent=9),
            "monolith": PartTraffic(received=9, sent=9, tries=110, retries=10)}
MICROSERVICES = {"catalog": PartTraffic(received=9, sent=9, tries=60, retries=20),
                 "cart": PartTraffic(received=9, sent=9, tries=60)}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return read_run(write_run(tmp_path_factory.mktemp("run"), Planted(phases=("isolation",))))


def counted(run: Run, traffic: dict[str, PartTraffic]) -> TrialRecord:
    """A trial through whose proxy so much went."""
    return run.record.trials[0].model_copy(update={"traffic": traffic})


def test_tries_of_all_parts_are_divided_by_first_ones(run: Run) -> None:
    assert tries_ratio(counted(run, MONOLITH)) == pytest.approx(1.1)
    assert tries_ratio(counted(run, MICROSERVICES)) == pytest.approx(1.2)


@pytest.mark.parametrize("traffic", [{}, {"monolith": PartTraffic(received=9, sent=9)}])
def test_without_tries_nothing_is_said(run: Run, traffic: dict[str, PartTraffic]) -> None:
    assert tries_ratio(counted(run, traffic)) is None


def test_both_stores_have_their_amplification_in_the_table(run: Run) -> None:
    for trial in run.record.trials:
        trial.traffic = MONOLITH if trial.topology == "monolith" else MICROSERVICES
    _, table = impact_tables(measure_isolation(
        run, judge(run.record, {}), find_arms(run.record)))
    column = table.columns.index("tries")
    assert {(row[1], row[column]) for row in table.cells} == {
        ("monolith", "×1.10"), ("microservices", "×1.20")}
