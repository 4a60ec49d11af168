"""The generator as a process, against a real HTTP server that misbehaves on purpose."""

from __future__ import annotations

import json
import math
import os
import signal
import socket
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contract.load import LoadSpec
from loadtests.command import command_for
from loadtests.recorder import scheduled_rows
from loadtests.schedule import arrivals

Spec = Callable[..., LoadSpec]
Drive = Callable[..., Any]
READ = {"read_product": 1.0}


def test_every_scheduled_request_is_a_row_with_four_ordered_instants(
        shop: Any, new_spec: Spec, drive: Drive) -> None:
    spec = new_spec(shop.url)
    recorded = drive(spec)
    assert recorded.exit_code == 0
    assert recorded.outcomes() == {"ok"}
    assert (len(recorded.rows) == scheduled_rows(arrivals(spec)) == len(shop.seen)
            == recorded.summary.rows_scheduled == recorded.summary.rows_written)
    places = [(row["journey_no"], row["step"]) for row in recorded.rows]
    assert places == sorted(set(places))
    for row in recorded.rows:
        assert row["intended_s"] <= row["dispatch_s"] <= row["send_s"] <= row["end_s"]
        assert (row["trial"], row["error_code"]) == (3, "")
        assert (row["service_calls"], row["statements"], row["sql_rows"]) == (2, 5, 21)
    planned = {arrival.journey_no: arrival.offset_s for arrival in arrivals(spec)}
    for row in recorded.rows:
        if row["step"] == 0:
            assert row["intended_s"] == pytest.approx(planned[row["journey_no"]], abs=1e-6)


def test_later_steps_are_intended_after_the_answer_before_them(
        shop: Any, new_spec: Spec, drive: Drive) -> None:
    rows = {(row["journey_no"], row["step"]): row
            for row in drive(new_spec(shop.url, think_s=0.05)).rows}
    pauses = [row["intended_s"] - rows[number, step - 1]["end_s"]
              for (number, step), row in rows.items() if step]
    assert min(pauses) >= 0
    assert sum(pauses) / len(pauses) == pytest.approx(0.05, rel=0.5)


def test_acknowledged_orders_are_named_and_keys_are_never_reused(
        shop: Any, new_spec: Spec, drive: Drive) -> None:
    recorded = drive(new_spec(shop.url, weights={"check_out": 1.0}))
    for row in recorded.rows:
        assert bool(row["reference"]) == (row["endpoint"] == "place_order")
    keys = [key for method, path, key in shop.seen if (method, path) == ("POST", "/api/orders")]
    assert len(keys) == len(set(keys)) == len(recorded.rows) / 4
    assert None not in keys


def test_both_arms_send_the_same_requests(shop: Any, new_spec: Spec, drive: Drive) -> None:
    sent = []
    for trial in (1, 2):
        shop.seen.clear()
        drive(new_spec(shop.url, trial=trial, weights={"browse": 1.0, "check_out": 1.0}))
        sent.append(sorted((method, path) for method, path, _ in shop.seen))
    assert sent[0] == sent[1]


def test_a_freeze_of_two_seconds_shows(shop: Any, new_spec: Spec, start: Drive) -> None:
    spec = new_spec(shop.url, weights=READ, rate_profile=[(0.5, 40.0), (4.5, 40.0)],
                    concurrency=60, timeout_s=5.0)
    child = start(spec)
    t0 = child.go()
    time.sleep(max(0.0, t0 + 1.0 - time.perf_counter()))
    shop.freeze(2.0)
    recorded = child.finish()
    assert recorded.response_ms(0.99) >= 1700
    assert len(recorded.rows) == recorded.summary.rows_scheduled == len(arrivals(spec))


def test_waiting_for_a_free_place_counts(shop: Any, new_spec: Spec, start: Drive) -> None:
    """A closed loop of two users would send two requests and call it a day."""
    spec = new_spec(shop.url, weights=READ, rate_profile=[(3.0, 30.0)], concurrency=2,
                    timeout_s=5.0)
    child = start(spec)
    t0 = child.go()
    time.sleep(max(0.0, t0 + 0.5 - time.perf_counter()))
    shop.freeze(2.0)
    recorded = child.finish()
    waited = [row for row in recorded.rows if row["send_s"] - row["dispatch_s"] > 0.5]
    assert len(waited) > 30
    assert recorded.response_ms(0.95) > 1500
    assert max(row["dispatch_s"] - row["intended_s"] for row in recorded.rows) < 0.5
    assert recorded.summary.locust_p95_ms < 500


def test_no_answer_before_the_deadline_is_a_timeout(
        shop: Any, new_spec: Spec, drive: Drive) -> None:
    shop.hang.set()
    recorded = drive(new_spec(shop.url, weights=READ, timeout_s=0.3, rate_profile=[(1.0, 15.0)]))
    assert recorded.outcomes() == {"timeout"}
    for row in recorded.rows:
        assert row["status"] == 0
        assert 0.29 < row["end_s"] - row["send_s"] < 1.5


def test_a_refused_connection_is_a_row(new_spec: Spec, drive: Drive) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    recorded = drive(new_spec(f"http://127.0.0.1:{port}"))
    assert recorded.outcomes() == {"connection"}
    assert len(recorded.rows) == recorded.summary.rows_scheduled


def test_wrong_answers_are_told_apart(shop: Any, new_spec: Spec, drive: Drive) -> None:
    def answer(method: str, path: str) -> tuple[int, str] | None:
        if path.startswith("/api/products/"):
            return 200, '{"id":0}'
        return (409, '{"status":409,"code":"out_of_stock"}') if method == "POST" else None

    shop.answer_with = answer
    recorded = drive(new_spec(shop.url, weights={"read_product": 1.0, "check_out": 1.0}))
    told = {(row["endpoint"], row["outcome"], row["error_code"]) for row in recorded.rows}
    assert ("get_product", "body", "") in told
    assert ("place_order", "status", "out_of_stock") in told
    assert ("list_orders", "ok", "") in told
    assert not any(row["reference"] for row in recorded.rows)


def test_what_is_open_after_the_drain_is_censored(
        shop: Any, new_spec: Spec, drive: Drive) -> None:
    shop.hang.set()
    recorded = drive(new_spec(shop.url, timeout_s=9.0, drain_s=0.3, rate_profile=[(0.5, 40.0)],
                              concurrency=5))
    assert recorded.outcomes() == {"censored"}
    assert len(recorded.rows) == recorded.summary.rows_scheduled
    for row in recorded.rows:
        assert math.isnan(row["end_s"])
        assert math.isnan(row["intended_s"]) == (row["step"] > 0)
    sent = [row for row in recorded.rows if not math.isnan(row["send_s"])]
    assert len(sent) == 5 < len({row["journey_no"] for row in recorded.rows})


def test_a_hopeless_ramp_is_left_early_and_its_rows_are_whole(
        shop: Any, new_spec: Spec, drive: Drive) -> None:
    shop.answer_with = lambda *_: (503, '{"code":"database_unavailable"}')
    began = time.monotonic()
    recorded = drive(new_spec(shop.url, weights=READ, rate_profile=[(0.5, 40.0), (20.0, 40.0)],
                              early_stop={"attainment_below": 0.5, "over_s": 1.0}))
    assert time.monotonic() - began < 12
    assert recorded.summary.stopped_early
    assert recorded.exit_code == 0
    assert 20 < len(recorded.rows) == recorded.summary.rows_scheduled < 400


def test_a_good_ramp_is_not_left(shop: Any, new_spec: Spec, drive: Drive) -> None:
    spec = new_spec(shop.url, weights=READ, rate_profile=[(0.3, 40.0), (1.5, 40.0)],
                    slo_ms=1000.0, early_stop={"attainment_below": 0.5, "over_s": 0.5})
    recorded = drive(spec)
    assert not recorded.summary.stopped_early
    assert len(recorded.rows) == len(arrivals(spec))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_keeps_what_was_recorded(
        shop: Any, new_spec: Spec, start: Drive, number: signal.Signals) -> None:
    child = start(new_spec(shop.url, rate_profile=[(60.0, 30.0)]))
    t0 = child.go()
    time.sleep(max(0.0, t0 + 1.0 - time.perf_counter()))
    child.process.send_signal(number)
    recorded = child.finish()
    assert recorded.exit_code == 1
    assert 10 < len(recorded.rows) == recorded.summary.rows_scheduled < 400
    assert "ok" in recorded.outcomes()
    assert "TWINSTORE DONE cut off" in recorded.words


def test_the_end_of_input_before_go_quits_with_no_rows(
        shop: Any, new_spec: Spec, start: Drive) -> None:
    child = start(new_spec(shop.url))
    child.await_word("READY")
    child.process.stdin.close()
    recorded = child.finish()
    assert (recorded.rows, recorded.exit_code, shop.seen) == ([], 1, [])


def test_a_full_disk_is_told_to_the_lab_and_not_only_to_the_log(
        shop: Any, new_spec: Spec, start: Drive, tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    (tmp_path / "00003.requests.partial").symlink_to("/dev/full")
    child = start(new_spec(shop.url, rate_profile=[(0.2, 20.0)]))
    child.go()
    assert "TWINSTORE FAILED 28" in child.process.stdout.read()
    assert child.process.wait(20) != 0
    assert not Path(child.spec.requests_path).exists()


def test_rows_that_cannot_be_written_end_the_generator_with_an_error(
        shop: Any, new_spec: Spec, start: Drive) -> None:
    child = start(new_spec(shop.url, rate_profile=[(0.2, 20.0)], requests_path="/nowhere/at/all"))
    child.go()
    assert child.process.wait(20) != 0
    assert "TWINSTORE DONE" not in child.process.stdout.read()


def test_two_processes_share_one_schedule(shop: Any, new_spec: Spec, drive: Drive) -> None:
    spec = new_spec(shop.url)
    recorded = drive(spec, 2)
    assert recorded.exit_code == 0
    assert recorded.outcomes() == {"ok"}
    assert len(recorded.rows) == scheduled_rows(arrivals(spec)) == recorded.summary.rows_scheduled
    places = [(row["journey_no"], row["step"]) for row in recorded.rows]
    assert places == sorted(set(places))
    assert not list(Path(spec.requests_path).parent.glob("*.parquet.[0-9]"))


def test_sigterm_to_a_master_keeps_its_workers_rows(
        shop: Any, new_spec: Spec, start: Drive) -> None:
    child = start(new_spec(shop.url, rate_profile=[(60.0, 30.0)]), 2)
    t0 = child.go()
    time.sleep(max(0.0, t0 + 1.0 - time.perf_counter()))
    child.terminate()
    recorded = child.finish()
    assert 10 < len(recorded.rows) == recorded.summary.rows_scheduled < 400
    assert {row["journey_no"] % 2 for row in recorded.rows} == {0, 1}


def test_locusts_page_stays_available_and_counts_from_the_intended_instant(
        shop: Any, new_spec: Spec, start: Drive) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    spec = new_spec(shop.url, weights=READ, rate_profile=[(6.0, 30.0)], concurrency=2)
    child = start(spec, web_port=port)
    child.go()
    shop.freeze(1.0)
    seen: dict[str, Any] = {}
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and seen.get("total", 0) < 60:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/stats/requests", timeout=5) as page:
            stats = json.load(page)["stats"][-1]
            seen = {"total": stats["num_requests"], "max": stats["max_response_time"]}
        time.sleep(0.1)
    recorded = child.finish()
    assert seen["total"] >= 60
    assert seen["max"] > 700
    assert len(recorded.rows) == recorded.summary.rows_scheduled


def test_the_child_is_ready_soon(shop: Any, new_spec: Spec, start: Drive) -> None:
    began = time.monotonic()
    child = start(new_spec(shop.url))
    child.await_word("READY")
    assert time.monotonic() - began < 8, "a trial takes about ten seconds; see docs/decisions"
    assert command_for(Path("x")).environ["PATH"] == os.environ["PATH"]


def test_two_requests_under_one_key_are_under_way_at_one_instant_and_each_is_a_row(
        shop: Any, new_spec: Spec, drive: Drive) -> None:
    """Only a server that has both can answer either."""
    meet, asked = threading.Barrier(2), Counter[str | None]()

    def answer(method: str, path: str) -> tuple[int, str] | None:
        if (method, path) != ("POST", "/api/orders"):
            return None
        key = shop.seen[-1][2]
        asked[key] += 1
        if asked[key] == 3:
            return None
        return (409, '{"status":409,"code":"checkout_in_progress"}') if meet.wait(2) else None

    shop.answer_with = answer
    spec = new_spec(shop.url, weights={"check_out_at_once": 1.0}, rate_profile=[(2.0, 3.0)],
                    concurrency=1)
    recorded = drive(spec)
    assert recorded.outcomes() == {"ok"}
    assert [row["step"] for row in recorded.rows] == [0, 1, 2, 3] * len(asked)
    assert len(recorded.rows) == recorded.summary.rows_scheduled
    assert set(asked.values()) == {3}
    for one, other, after in zip(*(recorded.rows[n::4] for n in (1, 2, 3)), strict=True):
        assert max(one["send_s"], other["send_s"]) < min(one["end_s"], other["end_s"])
        assert sorted([one["error_code"], other["error_code"]]) == ["", "checkout_in_progress"]
        assert after["intended_s"] >= max(one["end_s"], other["end_s"])
        assert {row["reference"] for row in (one, other, after)} == {"", after["reference"]}


def test_of_two_requests_at_once_both_are_censored_when_the_drain_ends(
        shop: Any, new_spec: Spec, drive: Drive) -> None:
    def answer(method: str, path: str) -> tuple[int, str] | None:
        if (method, path) == ("POST", "/api/orders"):
            time.sleep(3)
        return None

    shop.answer_with = answer
    recorded = drive(new_spec(shop.url, weights={"check_out_at_once": 1.0}, timeout_s=9.0,
                              drain_s=0.3, rate_profile=[(0.5, 20.0)], concurrency=5))
    assert len(recorded.rows) == recorded.summary.rows_scheduled
    places = [(row["journey_no"], row["step"]) for row in recorded.rows]
    assert len(places) == len(set(places))
    under_way = [row["step"] for row in recorded.rows
                 if row["outcome"] == "censored" and not math.isnan(row["send_s"])]
    assert sorted(under_way) == [1] * 5 + [2] * 5
