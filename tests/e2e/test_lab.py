"""The lab from the outside: a real run and its folder, and one that is killed within a pair."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contract.seed import SEED_PASSWORD
from contract.tokens import Principal, issue, load_private_key, new_key_pair
from tests.e2e.lab_process import labs
from tests.e2e.secrets_of_a_run import secrets_of, told_in

pytestmark = pytest.mark.e2e

SCENARIOS = """
topologies:
  monolith:
    store: monolith
    deployables: {monolith: {threads: 8, db_connections: 8}}
workloads:
  shop: {weights: {browse: 2, check_out: 1}}
  everything: {weights: {browse: 2, check_out: 1, sign_in: 1}}
faults:
  payments-crash: {module: payments, kind: crash}
scenarios:
  short:
    description: One trial of one store.
    seed: 5
    topologies: [monolith]
    data: {products: 200, customers: 50}
    client: {concurrency: 40, timeout_s: 4, drain_s: 4}
    guards: {lag_p99_ms: 1000, lag_max_ms: 1000, generator_cpu: 1, spin_ratio: 1000}
    latency: [{workload: everything, rate_per_s: 10, pairs: 1, warmup_s: 0.5, measure_s: 1.5}]
  medium:
    description: A few pairs of one store with itself.
    seed: 5
    topologies: [monolith]
    data: {products: 200, customers: 50}
    client: {concurrency: 40, timeout_s: 4, drain_s: 4}
    guards: {lag_p99_ms: 1000, lag_max_ms: 1000, generator_cpu: 1, spin_ratio: 1000, retries: 0}
    latency: [{workload: shop, rate_per_s: 10, pairs: 3, aa: true, warmup_s: 0.5, measure_s: 1}]
"""
PATIENCE_S = 90


@pytest.fixture
def lab(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Start `twinstore` with a small scenario file."""
    file = tmp_path / "scenarios.yaml"
    file.write_text(SCENARIOS, encoding="utf-8")

    def start(*words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "lab", "run", *words, "--file", str(file), "--results",
             str(tmp_path / "results"), "--unverified"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)

    return start


def _run_folder(tmp_path: Path) -> Path | None:
    return next((tmp_path / "results").glob("*"), None)


def _await(is_true: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + patience_s
    while not is_true():
        assert time.monotonic() < deadline, f"not within {patience_s} s: {what}"
        time.sleep(0.1)


def _trials(tmp_path: Path) -> int:
    folder = _run_folder(tmp_path)
    if folder is None or not (folder / "run.json").exists():
        return 0
    return len(json.loads((folder / "run.json").read_text(encoding="utf-8"))["trials"])


def _descendants(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def _are_gone(processes: list[psutil.Process]) -> bool:
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that ended by itself, and by what they are the secrets that it had."""

    folder: Path
    secrets: dict[str, list[str]] = field(repr=False)

    @property
    def each(self) -> list[str]:
        return [secret for some in self.secrets.values() for secret in some]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    path = tmp_path_factory.mktemp("finished")
    file = path / "scenarios.yaml"
    file.write_text(SCENARIOS, encoding="utf-8")
    with labs(file, path / "results") as start:
        process = start("short")
        process.await_line("latency: ")
        secrets = secrets_of(process)
        assert process.wait(PATIENCE_S) == 0, process.output
        yield Finished(next((path / "results").iterdir()), secrets)


def test_a_run_ends_with_a_report_whose_rows_are_those_scheduled(finished: Finished) -> None:
    folder = finished.folder
    assert (folder / "report" / "index.html").exists()
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert record["finished"]
    rows = pq.read_table(folder / "requests.parquet")
    assert rows.num_rows == sum(trial["rows_scheduled"] for trial in record["trials"])
    assert set(pq.read_table(folder / "audit.parquet")["violations"].to_pylist()) == {0}


def test_the_folder_of_a_run_tells_no_secret(finished: Finished) -> None:
    """The load generator's log included: it holds every token, and signs in by password."""
    assert told_in(finished.folder, finished.each) == []
    assert (finished.folder / "logs" / "generator.log").stat().st_size
    asked = pq.read_table(finished.folder / "requests.parquet")["endpoint"].to_pylist()
    assert {"sign_in", "place_order"} <= set(asked)


@pytest.mark.parametrize("where", [
    "logs/generator.log", "logs/monolith/monolith-0.log", "run.json", "report/report.md",
    "report/index.html", "report/tables/claims.csv", "trials/00001.load.json",
    "trials/00001.books.json.gz", "events.parquet"])
def test_a_secret_that_stands_anywhere_in_the_folder_is_found(
        finished: Finished, where: str, tmp_path: Path) -> None:
    """One of each kind, those of another run and those of this one; nothing else is found."""
    folder = tmp_path / "run"
    shutil.copytree(finished.folder, folder)
    pem = new_key_pair().private_pem
    token, _ = issue(Principal(2, "customer"), load_private_key(pem))
    own = [some[-1] for some in finished.secrets.values()]
    write_into(folder / where, " ".join(["", token, pem, SEED_PASSWORD, *own, ""]))
    assert sorted(told_in(folder, finished.each)) == sorted(
        f"{where}: {one}"
        for one in ("eyJhbGciOi", "-----BEGIN PRIVATE KEY", SEED_PASSWORD, *own))


def write_into(path: Path, words: str) -> None:
    """Add words to a file of a run as if the lab had written them."""
    assert path.exists()
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + words.encode()))
    elif path.suffix == ".parquet":
        table = pq.read_table(path)
        row = {field.name: words if field.type == pa.string() else None for field in table.schema}
        pq.write_table(pa.concat_tables([table, pa.Table.from_pylist([row])],
                                        promote_options="permissive"), path)
    else:
        path.write_text(path.read_text(encoding="utf-8") + words, encoding="utf-8")


def test_a_run_that_was_killed_goes_on_and_measures_nothing_twice(
    lab: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    process = lab("medium")
    _await(lambda: _trials(tmp_path) >= 3 or process.poll() is not None, "half a pair")
    assert process.poll() is None, process.communicate()[0]
    started = _descendants(process.pid)
    process.kill()
    process.communicate(timeout=30)
    _await(lambda: _are_gone(started), "no process is left", 20)
    folder = _run_folder(tmp_path)
    assert folder is not None
    before = json.loads((folder / "run.json").read_text(encoding="utf-8"))["trials"]
    resumed = lab("--resume", str(folder))
    output, _ = resumed.communicate(timeout=PATIENCE_S)
    assert resumed.returncode == 0, output
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert record["finished"]
    assert record["resumed"] == 1
    assert [trial["started_unix_s"] for trial in record["trials"]][:len(before)] == [
        trial["started_unix_s"] for trial in before]
    assert "interrupted" in record["trials"][3]["reasons"][0]
    assert [trial["pair"] for trial in record["trials"]] == [0, 0, 1, 1, 2, 2]
    again = lab("--resume", str(folder))
    output, _ = again.communicate(timeout=30)
    assert again.returncode == 1
    assert "is finished" in output
