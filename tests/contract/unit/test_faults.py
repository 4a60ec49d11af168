"""Fault points: inert unless armed, and each kind does what its name says."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.faults import (
    CRASH_EXIT_CODE,
    FAULTS_ENV,
    FIRED_ENV,
    PAGE_BYTES,
    Armed,
    Board,
    FaultPoint,
    InjectedError,
    fault_point,
)


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board]:
    made = Board.create(tmp_path / "faults")
    yield made
    made.close()


@pytest.fixture
def point(board: Board, tmp_path: Path) -> FaultPoint:
    return fault_point("cart", {FAULTS_ENV: str(tmp_path / "faults"),
                                FIRED_ENV: str(tmp_path / "fired")})


def fired(tmp_path: Path) -> list[dict[str, object]]:
    path = tmp_path / "fired"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_a_point_without_a_page_passes() -> None:
    inert = fault_point("cart", {})
    inert.hit()
    asyncio.run(inert.hit_async())


def test_nothing_armed_passes_and_leaves_no_line(point: FaultPoint, tmp_path: Path) -> None:
    point.hit()
    asyncio.run(point.hit_async())
    assert fired(tmp_path) == []


def test_what_is_armed_is_read_back_until_cleared(board: Board, tmp_path: Path) -> None:
    reader = Board(tmp_path / "faults")
    fault = Armed("payments", "slow", dose=0.5, delay_ms=12.5, seed=9)
    assert reader.read() is None
    board.arm(fault)
    assert reader.is_armed
    assert reader.read() == fault
    board.clear()
    assert not reader.is_armed
    assert reader.read() is None
    reader.close()


def test_the_page_is_one_page(board: Board, tmp_path: Path) -> None:
    assert (tmp_path / "faults").stat().st_size == PAGE_BYTES


def test_a_reader_can_not_arm(board: Board, tmp_path: Path) -> None:
    reader = Board(tmp_path / "faults")
    with pytest.raises(TypeError):
        reader.arm(Armed("cart", "error"))
    reader.close()


def test_an_error_is_raised_and_recorded(board: Board, point: FaultPoint, tmp_path: Path) -> None:
    board.arm(Armed("cart", "error"))
    with pytest.raises(InjectedError, match="cart"):
        point.hit()
    with pytest.raises(InjectedError):
        asyncio.run(point.hit_async())
    lines = fired(tmp_path)
    assert [(line["module"], line["kind"]) for line in lines] == [("cart", "error")] * 2


def test_another_module_is_not_hit(board: Board, point: FaultPoint, tmp_path: Path) -> None:
    board.arm(Armed("search", "error"))
    point.hit()
    assert fired(tmp_path) == []


def test_slow_takes_its_time_and_passes(board: Board, point: FaultPoint) -> None:
    board.arm(Armed("cart", "slow", delay_ms=30))
    for act in (point.hit, lambda: asyncio.run(point.hit_async())):
        began = time.perf_counter()
        act()
        assert time.perf_counter() - began >= 0.03


def test_a_hang_ends_when_it_is_cleared(board: Board, point: FaultPoint, tmp_path: Path) -> None:
    board.arm(Armed("cart", "hang"))
    hanging = threading.Thread(target=point.hit)
    hanging.start()
    patience = time.monotonic() + 5
    while not fired(tmp_path) and time.monotonic() < patience:
        time.sleep(0.005)
    assert hanging.is_alive()
    board.clear()
    hanging.join(5)
    assert not hanging.is_alive()


def test_a_hang_on_a_loop_leaves_the_loop_free(board: Board, point: FaultPoint) -> None:
    async def story() -> None:
        board.arm(Armed("cart", "hang"))
        hanging = asyncio.create_task(point.hit_async())
        await asyncio.sleep(0.05)
        assert not hanging.done()
        board.clear()
        await asyncio.wait_for(hanging, 5)

    asyncio.run(story())


def test_a_dose_hits_its_share_and_repeats_by_seed(
        board: Board, tmp_path: Path) -> None:
    def hits(seed: int) -> list[bool]:
        board.arm(Armed("cart", "error", dose=0.3, seed=seed))
        point = fault_point("cart", {FAULTS_ENV: str(tmp_path / "faults")})
        found = []
        for _ in range(1000):
            try:
                point.hit()
                found.append(False)
            except InjectedError:
                found.append(True)
        return found

    first = hits(1)
    assert first == hits(1) != hits(2)
    assert 240 < sum(first) < 360


def test_a_dose_of_zero_never_hits(board: Board, point: FaultPoint) -> None:
    board.arm(Armed("cart", "error", dose=0.0))
    for _ in range(100):
        point.hit()


@pytest.mark.parametrize("call", ["point.hit()", "asyncio.run(point.hit_async())"])
def test_a_crash_ends_the_process_with_its_code(board: Board, tmp_path: Path, call: str) -> None:
    board.arm(Armed("cart", "crash"))
    code = ("import asyncio; from contract.faults import fault_point; "
            f"point = fault_point('cart'); {call}; print('survived')")
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False,
        env={FAULTS_ENV: str(tmp_path / "faults"), FIRED_ENV: str(tmp_path / "fired"),
             "PYTHONPATH": str(Path(__file__).parents[3])})
    assert (ended.returncode, ended.stdout) == (CRASH_EXIT_CODE, "")
    assert fired(tmp_path)[-1]["kind"] == "crash"
