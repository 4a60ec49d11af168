"""A fault that nobody meets in a running lab: measured again, told in words, judged by nobody."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from contract.run_record import RunRecord, TrialRecord
from tests.e2e.lab_process import DEFINITIONS, labs
from tests.e2e.moments import check_records
from tests.e2e.secrets_of_a_run import secrets_of, told_in

pytestmark = pytest.mark.e2e

RETRIES = 2
SCENARIOS = DEFINITIONS + """
scenarios:
  unmet:
    description: Search is broken while nobody searches.
    seed: 5
    topologies: [monolith, microservices]
    data: {{products: 200, customers: 50}}
    client: {{concurrency: 40, timeout_s: 4, drain_s: 4}}
    # Nothing but its fault is to be found about a trial, whatever else the machine does.
    guards: {{lag_p99_ms: 2000, lag_max_ms: 2000, generator_cpu: 1, flag_generator_cpu: 1,
              spin_ratio: 1000, flag_spin_ratio: 1000, retries: {retries}}}
    isolation: {{workload: product_read, rate_per_s: 10, faults: [search-error], warmup_s: 0.2,
                 before_s: 0.2, fault_s: 0.8, after_s: 0.2}}
"""


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that ended by itself, what it said, and what it had to keep to itself."""

    folder: Path
    output: str
    record: RunRecord = field(repr=False)
    secrets: list[str] = field(repr=False)

    @property
    def broken(self) -> list[TrialRecord]:
        return [trial for trial in self.record.trials if trial.fault]

    def reason(self, attempt: int) -> str:
        """Why its fault proves nothing, stores in the order in which they were measured."""
        return "; ".join(f"{trial.topology}: search-error did not act: nothing passed its place "
                         "while it was armed" for trial in self.broken if trial.attempt == attempt)

    def table(self, name: str) -> list[dict[str, str]]:
        with (self.folder / "report" / "tables" / f"{name}.csv").open(encoding="utf-8") as file:
            return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    path = tmp_path_factory.mktemp("unmet")
    file = path / "scenarios.yaml"
    file.write_text(SCENARIOS.format(retries=RETRIES), encoding="utf-8")
    with labs(file, path / "results") as start:
        lab = start("unmet")
        lab.await_line("isolation: ")
        secrets = [one for some in secrets_of(lab).values() for one in some]
        assert lab.wait(150) == 0, lab.output
        lab.await_nothing_left()
        folder = next((path / "results").iterdir())
        record = check_records(folder, None)
        assert record
        yield Finished(folder, lab.output, record, secrets)


def test_a_fault_that_nobody_meets_is_void_and_measured_again_as_often_as_allowed(
        run: Finished) -> None:
    """With other journeys each time; the matched run without it is measured once."""
    assert run.record.finished
    assert [trial.attempt for trial in run.record.trials if not trial.fault] == [0, 0]
    assert [trial.attempt for trial in run.broken] == [
        attempt for attempt in range(RETRIES + 1) for _ in range(2)]
    assert len({trial.seed for trial in run.broken}) == RETRIES + 1
    for trial in run.broken:
        assert trial.fault
        assert trial.fault.armed_at_s is not None
        assert (trial.fault.times_fired, trial.fault.chances) == (0, 0)
        assert trial.status == "rejected"
        assert trial.reasons == [f"its fault proves nothing: {run.reason(trial.attempt)}"]
    rows = pq.read_table(run.folder / "requests.parquet").to_pylist()
    assert {row["trial"] for row in rows} == {trial.id for trial in run.record.trials}


def test_the_run_says_of_each_of_its_trials_that_it_proves_nothing(run: Finished) -> None:
    for trial in run.broken:
        assert (f"Trial {trial.id} ({trial.topology}) rejected: its fault proves nothing: "
                f"{run.reason(trial.attempt)}\n") in run.output
    assert run.output.count("search-error (again)") == 2 * RETRIES


def test_page_one_lists_it_with_its_reason(run: Finished) -> None:
    told = (run.folder / "report" / "report.md").read_text(encoding="utf-8")
    page_one = told[:told.index("\n## ")]
    assert "1 of 1 fault can't be compared and is left out of every sentence" in page_one
    assert f"search-error: void, {run.reason(RETRIES)}." in page_one
    shown = (run.folder / "report" / "index.html").read_text(encoding="utf-8")
    assert "did not act: nothing passed its place while it was armed" in shown


def test_nothing_is_concluded_from_it(run: Finished) -> None:
    """Neither by the headline, on the terminal and on paper, nor by the ledger of claims."""
    said = "Not measured: no fault of this run can be compared between two stores."
    assert f"Failure isolation: {said}" in run.output
    told = (run.folder / "report" / "report.md").read_text(encoding="utf-8")
    assert f"**Failure isolation.** {said}" in told
    verdicts = {row["id"]: row["verdict"] for row in run.table("claims")
                if row["id"] in ("A6", "A7", "B10")}
    assert verdicts == dict.fromkeys(("A6", "A7", "B10"), "not testable here")
    assert run.table("isolation_losses") == []


def test_a_run_of_both_stores_tells_no_secret(run: Finished) -> None:
    assert told_in(run.folder, run.secrets) == []
