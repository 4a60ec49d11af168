"""The lab from the outside: a real run, and one that is killed between the trials of a pair."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest

pytestmark = pytest.mark.e2e

SCENARIOS = """
topologies:
  monolith:
    store: monolith
    deployables: {monolith: {threads: 8, db_connections: 8}}
workloads:
  shop: {weights: {browse: 2, check_out: 1}}
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
    latency: [{workload: shop, rate_per_s: 10, pairs: 1, warmup_s: 0.5, measure_s: 1.5}]
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


def test_a_run_ends_with_a_report_whose_rows_are_those_scheduled(
    lab: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    process = lab("short")
    output, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, output
    folder = _run_folder(tmp_path)
    assert folder is not None
    assert (folder / "report" / "index.html").exists()
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert record["finished"]
    rows = pq.read_table(folder / "requests.parquet")
    assert rows.num_rows == sum(trial["rows_scheduled"] for trial in record["trials"])
    assert set(pq.read_table(folder / "audit.parquet")["violations"].to_pylist()) == {0}


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
