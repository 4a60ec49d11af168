"""Customers, clock, rows, early stop, summary, parts, command."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import run
from time import perf_counter

import gevent
import pyarrow.parquet as pq
import pytest

from contract.load import EarlyStop, LoadSpec
from contract.results import REQUESTS, SCHEMA_VERSION
from loadtests.clock import YieldingClock, new_clock
from loadtests.command import GATE_ENV, SPEC_ENV, command_for
from loadtests.customers import Customers, read_tokens
from loadtests.early_stop import attainment, should_stop
from loadtests.journeys import JOURNEYS
from loadtests.parts import merge_parts, part_path, read_instants, write_part
from loadtests.recorder import NEVER, Open, Recorder, Row, scheduled_rows, table_rows
from loadtests.schedule import Arrival, arrivals
from loadtests.summary import Account, join, locust_percentiles_ms, nearest_rank, summarise


def row(number: int = 0, intended: float = 0.0, took: float = 0.1, outcome: str = "ok") -> Row:
    return (number, 0, "read_product", "get_product", intended, intended + 0.001,
            intended + 0.002, intended + took, 200, outcome, "", 0, 9, "", 0, 0)


def arrival(number: int = 0) -> Arrival:
    return Arrival(number, 0.0, "check_out", 1)


def test_a_customer_has_one_journey_at_a_time() -> None:
    customers = Customers(["a", "b", "c"])
    assert [customers.take(1), customers.take(4), customers.take(7)] == [1, 2, 0]
    with pytest.raises(RuntimeError, match="more journeys"):
        customers.take(1)
    customers.release(2)
    assert customers.take(0) == 2


def test_processes_share_the_customers(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_text("a\nb\n\nc\n")
    assert read_tokens(path, 0, 2) + read_tokens(path, 1, 2) == ["a", "c", "b"]


def test_no_customers_is_an_error() -> None:
    with pytest.raises(ValueError, match="empty"):
        Customers([])


@pytest.mark.parametrize("make", [new_clock, YieldingClock])
def test_the_clock_never_returns_early_and_wakes_each_in_turn(make: Callable[[], object]) -> None:
    clock, woken, begin = make(), [], perf_counter()

    def wait(after: float) -> None:
        at = clock.wait_until(begin + after)  # type: ignore[attr-defined]
        assert at >= begin + after
        woken.append(after)

    delays = [0.05, 0.01, 0.03, 0.02, 0.0]
    gevent.joinall([gevent.spawn(wait, delay) for delay in delays], timeout=5, raise_error=True)
    clock.close()  # type: ignore[attr-defined]
    assert woken == sorted(delays)


def test_one_who_stops_waiting_does_not_hold_up_the_others() -> None:
    clock, begin = new_clock(), perf_counter()
    gone = gevent.spawn(clock.wait_until, begin + 0.02)
    stays = gevent.spawn(clock.wait_until, begin + 0.04)
    gevent.sleep(0.005)
    gone.kill()
    assert stays.get(timeout=5) >= begin + 0.04
    clock.close()


def test_a_journey_cut_off_makes_a_row_for_its_open_and_each_later_step() -> None:
    recorder = Recorder()
    recorder.censor(Open(arrival(), 1, 5.0, 5.1, 5.2))
    assert [(one[1], one[3], one[9]) for one in recorder.rows] == [
        (1, "show_cart", "censored"), (2, "place_order", "censored"), (3, "get_order", "censored")]
    assert recorder.rows[0][4:7] == (5.0, 5.1, 5.2)
    assert all(math.isnan(instant) for one in recorder.rows[1:] for instant in one[4:8])
    assert math.isnan(recorder.rows[0][7])


def test_the_number_of_rows_is_known_before_the_run(new_spec: Callable[..., LoadSpec]) -> None:
    stream = arrivals(new_spec())
    assert scheduled_rows(stream) == sum(len(JOURNEYS[one.journey]) for one in stream) > 0


def test_rows_fit_the_columns_of_the_contract() -> None:
    made = table_rows([row(2, 107.0), row(1, 105.0)], 9, 100.0)
    named = [dict(zip(REQUESTS.names, one, strict=True)) for one in made]
    assert [one["journey_no"] for one in named] == [1, 2]
    assert named[0]["intended_s"] == 5.0
    assert (named[0]["trial"], named[0]["feature"]) == (9, "browse")


def test_attainment_counts_old_open_requests_as_bad_and_young_ones_not_at_all() -> None:
    rows = [row(1, 10.0), row(2, 10.1, 0.5), row(3, 10.2, outcome="status")]
    still_open = [Open(arrival(), 0, 10.3), Open(arrival(), 0, 11.9)]
    assert attainment(rows, still_open, 9.0, 12.0, 0.25) == (0.25, 4)
    assert attainment(rows, [], 11.0, 12.0, 0.25) == (1.0, 0)


def test_a_ramp_is_left_on_enough_evidence_only() -> None:
    rule = EarlyStop(attainment_below=0.5, over_s=1.0)
    assert should_stop(rule, 0.4, 50)
    assert not should_stop(rule, 0.4, 5)
    assert not should_stop(rule, 0.6, 50)


def test_the_summary_tells_lag_and_what_locust_would_have_said() -> None:
    instants = [(i / 100, i / 100 + i / 1e5, i / 100 + i / 1e5, i / 100 + i / 1e5 + 0.05)
                for i in range(1, 101)]
    summary = summarise(4, 12.5, [*instants, (9.0, NEVER, NEVER, NEVER)],
                        Account(101, stopped_early=False, cpu_share=0.2))
    assert (summary.rows_written, summary.rows_scheduled) == (101, 101)
    assert summary.lag_p99_ms == pytest.approx(0.99)
    assert summary.lag_max_ms == pytest.approx(1.0)
    assert summary.locust_p50_ms == summary.locust_p99_ms == 50.0


def test_percentiles_like_locusts_are_those_of_locust() -> None:
    times = [0.4, 3.3, 17.9, 99.6, 123.4, 147.0, 3432.0, 58_760.0, 7.7, 7.2, 7.4]
    script = ("from locust.stats import StatsEntry, RequestStats\nimport sys\n"
              f"e=RequestStats().total\n[e.log(t, 1) for t in {times}]\n"
              "print([float(e.get_response_time_percentile(p)) for p in (.5,.95,.99)])")
    told = run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True,
               check=True, timeout=60).stdout
    assert str(list(locust_percentiles_ms(times))) == told.strip()


def test_percentiles_are_exact_by_nearest_rank() -> None:
    assert nearest_rank([1.0, 2.0, 3.0, 4.0], 0.5) == 2.0
    assert nearest_rank([1.0, 2.0, 3.0, 4.0], 0.99) == 4.0
    assert nearest_rank([], 0.5) == 0.0


def test_accounts_of_processes_are_joined() -> None:
    joined = join([Account(5, stopped_early=False, cpu_share=0.2),
                   Account(7, stopped_early=True, cpu_share=1.0),
                   *[Account(1, stopped_early=False, cpu_share=0.2)] * 2])
    assert (joined.rows_scheduled, joined.stopped_early) == (14, True)
    assert joined.cpu_share == 1.0  # one that is full is late, whatever the others do
    assert join([]).cpu_share == 0.0


def test_parts_are_merged_in_order_and_removed(tmp_path: Path) -> None:
    requests = tmp_path / "00001.requests.parquet"
    parts = [part_path(requests, index) for index in (0, 1)]
    write_part(table_rows([row(0), row(2)], 1, 0.0), parts[0])
    write_part(table_rows([row(1, outcome="timeout"), row(3)], 1, 0.0), parts[1])
    merge_parts(parts, requests)
    table = pq.read_table(requests)
    assert table["journey_no"].to_pylist() == [0, 1, 2, 3]
    assert table["outcome"].to_pylist() == ["ok", "timeout", "ok", "ok"]
    assert table.schema.equals(REQUESTS)
    assert table.schema.metadata[b"schema_version"] == str(SCHEMA_VERSION).encode()
    assert len(read_instants(requests)) == 4
    assert [path.name for path in tmp_path.iterdir()] == [requests.name]


def test_a_process_without_journeys_leaves_an_empty_part(tmp_path: Path) -> None:
    requests = tmp_path / "00001.requests.parquet"
    write_part([], part_path(requests, 0))
    merge_parts([part_path(requests, 0)], requests)
    assert len(pq.read_table(requests)) == 0


def test_the_command_binds_loopback_only_and_imports_no_locust(tmp_path: Path) -> None:
    launch = command_for(tmp_path / "spec.json", web_port=8123, processes=2)
    text = " ".join(launch.argv)
    assert "--web-host 127.0.0.1 --web-port 8123" in text
    assert "--master-bind-host 127.0.0.1" in text
    assert "--headless" not in text
    assert launch.environ[SPEC_ENV].endswith("spec.json")
    assert launch.environ[GATE_ENV] == "stdin"
    loaded = run([sys.executable, "-c", "import loadtests.command, sys; print('locust' in "
                  "sys.modules, 'gevent' in sys.modules)"], capture_output=True, text=True,
                 check=True, timeout=60).stdout
    assert loaded.split() == ["False", "False"]
