"""The load generator as a child: its place on its core, and what the lab hears when it fails."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest

from bench.known_process import serving
from contract.load import LoadSpec, Workload
from lab.budget.group import available_cores, divide_cores
from lab.budget.priority import prefer
from lab.deploy.ports import HOST
from lab.disk import is_full
from lab.generator import Generator, GeneratorError, PageTaken
from lab.page import Page

CORES = divide_cores(available_cores())


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="no scheduling classes here")
def test_the_generator_gets_the_best_priority_that_is_allowed() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        means = prefer(child.pid)
        if means == "real-time priority":
            assert os.sched_getscheduler(child.pid) == os.SCHED_RR
        else:
            assert os.getpriority(os.PRIO_PROCESS, child.pid) == (-10 if "-10" in means else 0)
    finally:
        child.communicate(b"\n", timeout=10)


@pytest.fixture
def spec(tmp_path: Path) -> Iterator[LoadSpec]:
    """Half a minute of load."""
    with serving(tmp_path, CORES.system, "--scale", "0.1") as server:
        (tmp_path / "tokens").write_text("token\n" * 20, encoding="ascii")
        yield LoadSpec(
            trial=1, base_url=server.url, workload=Workload(weights={"read_product": 1}),
            rate_profile=[(0.3, 20), (30.0, 20)], seed=1, concurrency=20,
            tokens_file=str(tmp_path / "tokens"), requests_path=str(tmp_path / "rows.parquet"),
            summary_path=str(tmp_path / "summary.json"))


def generator(spec: LoadSpec, web_port: int | None = None) -> Generator:
    folder = Path(spec.tokens_file).parent
    return Generator(spec, folder / "load.json", folder / "generator.log", CORES.generator,
                     web_port=web_port)


def test_a_generator_that_is_killed_is_told_with_its_log(spec: LoadSpec) -> None:
    with generator(spec) as child:
        child.await_ready()
        child.go()
        psutil.Process(child.pid).kill()
        with pytest.raises(GeneratorError, match=r"ended early \(code -9\);.*generator\.log"):
            child.finish(30)


def test_a_generator_that_is_killed_before_it_goes_is_told_too(spec: LoadSpec) -> None:
    with generator(spec) as child:
        child.await_ready()
        process = psutil.Process(child.pid)
        process.kill()
        while process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        with pytest.raises(GeneratorError, match=r"ended early \(code -9\)"):
            child.go()


def test_a_trial_that_a_signal_cut_off_is_no_result(spec: LoadSpec) -> None:
    """The generator writes what it has; the requests that were cut off are not the store's."""
    with generator(spec) as child:
        child.await_ready()
        child.go()
        os.kill(child.pid, signal.SIGTERM)
        with pytest.raises(GeneratorError, match="was ended before its time"):
            child.finish(30)
    assert Path(spec.requests_path).exists()


def test_rows_that_meet_a_full_disk_are_an_error_of_the_disk(spec: LoadSpec) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    Path(spec.requests_path).with_suffix(".partial").symlink_to("/dev/full")
    short = spec.model_copy(update={"rate_profile": [(0.3, 20.0)]})
    with generator(short) as child:
        child.await_ready()
        child.go()
        with pytest.raises(OSError, match="No space left") as failed:
            child.finish(30)
    assert is_full(failed.value)


def test_a_page_whose_port_is_taken_is_told_before_anything_is_sent(spec: LoadSpec) -> None:
    with (socket.create_server((HOST, 0)) as squatter,
          generator(spec, web_port=squatter.getsockname()[1]) as child,
          pytest.raises(PageTaken, match=r"port of Locust's page is taken; .*generator\.log")):
        child.await_ready()
    assert pq.read_table(spec.requests_path).num_rows == 0


def test_the_page_moves_when_its_port_is_taken_and_says_where_to() -> None:
    said: list[str] = []
    page = Page(said.append)
    first = page.port()
    assert page.port() == first
    with socket.create_server((HOST, first)):
        second = page.port()
        assert second != first
    assert page.port() == second
    assert said == [f"Locust's page, during each trial: http://{HOST}:{first}",
                    f"Port {first} is taken: Locust's page is now at http://{HOST}:{second}"]


def test_connections_of_the_last_trial_do_not_move_the_page() -> None:
    page = Page(lambda _: None)
    port = page.port()
    with socket.create_server((HOST, port)) as server:
        browser = socket.create_connection(server.getsockname())
        served, _ = server.accept()
        served.close()  # it closes first, so it is the one that lingers
        browser.close()
    assert page.port() == port
