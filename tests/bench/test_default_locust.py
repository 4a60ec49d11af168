"""Locust as most people run it, run: what it says is taken when it quits."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.default_locust import READ_PRODUCTS, SHOP, Users, run
from bench.known_process import serving
from lab.budget.group import available_cores, divide_cores

CORES = divide_cores(available_cores())


def test_its_requests_are_the_ones_that_the_server_saw(tmp_path: Path) -> None:
    who = Users(READ_PRODUCTS, 4, {"BENCH_PER_USER": "5"})
    with serving(tmp_path, CORES.system, "--scale", "5") as server:
        told = run(who, server.url, tmp_path, CORES.generator, 2.0)
    assert 0 < told.requests <= len(server.records) <= told.requests + 4
    assert told.failures == 0
    assert 20 < told.p50_ms <= told.p95_ms <= told.p99_ms


def test_a_run_that_requested_nothing_is_no_result(tmp_path: Path) -> None:
    nobody = READ_PRODUCTS.replace("    def read(self):", "    def read(self):\n        return")
    with pytest.raises(RuntimeError, match="requested nothing"):
        run(Users(nobody, 1, {"BENCH_PER_USER": "5"}), "http://127.0.0.1:1", tmp_path,
            CORES.generator, 1.0)


def test_the_locustfiles_are_python() -> None:
    for text in (READ_PRODUCTS, SHOP):
        compile(text, "locustfile", "exec")
