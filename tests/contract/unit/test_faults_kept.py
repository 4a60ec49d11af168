"""Faults that take something (CPU, memory, connections) or choose by content or number."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psutil
import pytest

from contract.faults import (
    CRASH_EXIT_CODE,
    FAULTS_ENV,
    FIRED_ENV,
    Armed,
    Board,
    InjectedError,
    chances_file,
    fault_point,
)
from contract.faults.draw import is_poisonous, take_number
from contract.faults.keep import Memory


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board]:
    made = Board.create(tmp_path / "faults")
    yield made
    made.close()


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {FAULTS_ENV: str(tmp_path / "faults"), FIRED_ENV: str(tmp_path / "fired.jsonl")}


def soon(is_true: Callable[[], bool]) -> bool:
    until = time.monotonic() + 5
    while not (found := is_true()) and time.monotonic() < until:
        time.sleep(0.01)
    return found


def rss_mb() -> float:
    return psutil.Process().memory_info().rss / 2**20  # type: ignore[no-any-return]


def test_burn_takes_the_cpu_time_it_says(board: Board, environ: dict[str, str]) -> None:
    point = fault_point("cart", environ)
    board.arm(Armed("cart", "burn", delay_ms=60))
    for act in (point.hit, lambda: asyncio.run(point.hit_async())):
        before = time.thread_time()
        act()
        assert time.thread_time() - before >= 0.06


def test_burn_ends_when_it_is_cleared(board: Board, environ: dict[str, str]) -> None:
    point = fault_point("cart", environ)
    board.arm(Armed("cart", "burn", delay_ms=60_000))
    burning = threading.Thread(target=point.hit)
    burning.start()
    time.sleep(0.05)
    assert burning.is_alive()
    board.clear()
    burning.join(5)
    assert not burning.is_alive()


def test_leaked_memory_is_really_used_bounded_and_given_back(board: Board,
                                                             environ: dict[str, str]) -> None:
    point, before = fault_point("cart", environ), rss_mb()
    board.arm(Armed("cart", "leak", leak_mb=40, most_mb=100))
    for _ in range(4):
        point.hit()
    assert 75 < rss_mb() - before < 105
    fired = Path(environ[FIRED_ENV])
    assert fired.read_text().count("\n") == 2, "a call that kept nothing has not met the leak"
    assert chances_file(fired).stat().st_size == 4
    board.clear()
    assert soon(lambda: rss_mb() - before < 20)


def test_memory_that_is_kept_after_the_end_is_given_back_at_once() -> None:
    memory, before = Memory(), rss_mb()
    memory.keep(30, 100, lambda: False)
    assert soon(lambda: rss_mb() - before < 10)


def test_a_pool_s_connections_are_kept_until_cleared(board: Board,
                                                     environ: dict[str, str]) -> None:
    lent: list[str] = []

    @contextmanager
    def lend() -> Iterator[str]:
        lent.append("one")
        yield "a connection"
        lent.pop()

    point = fault_point("cart", environ, lend=lend)
    board.arm(Armed("cart", "pool", connections=3))
    point.hit()
    point.hit()
    time.sleep(0.1)
    assert len(lent) == 6
    assert Path(environ[FIRED_ENV]).read_text().count("\n") == 6, "a line for each"
    board.clear()
    assert soon(lambda: not lent)


def test_the_same_on_an_event_loop(board: Board, environ: dict[str, str]) -> None:
    lent: list[str] = []

    @asynccontextmanager
    async def lend() -> AsyncIterator[str]:
        lent.append("one")
        yield "a connection"
        lent.pop()

    async def story() -> None:
        point = fault_point("cart", environ, lend=lend)
        board.arm(Armed("cart", "pool", connections=3))
        await point.hit_async()
        await asyncio.sleep(0.1)
        assert len(lent) == 3
        board.clear()
        await asyncio.sleep(0.1)
        assert not lent

    asyncio.run(story())


class PoolEmpty(Exception):
    """What a pool says that has no connection left."""


def test_a_call_that_got_no_connection_has_not_acted(board: Board,
                                                     environ: dict[str, str]) -> None:
    """The pool may be empty before the defect takes anything: that is the load's doing."""
    fired, lent = Path(environ[FIRED_ENV]), 0

    @contextmanager
    def lend() -> Iterator[str]:
        nonlocal lent
        if lent == 2:
            raise PoolEmpty
        lent += 1
        yield "a connection"

    @asynccontextmanager
    async def lend_async() -> AsyncIterator[str]:
        with lend() as one:
            yield one

    board.arm(Armed("cart", "pool"))
    point = fault_point("cart", environ, lend=lend)
    point.hit()
    assert fired.read_text().count("\n") == 1
    asyncio.run(fault_point("cart", environ, lend=lend_async).hit_async())
    assert fired.read_text().count("\n") == 2
    for act in (point.hit, lambda: asyncio.run(
            fault_point("cart", environ, lend=lend_async).hit_async())):
        with pytest.raises(PoolEmpty):
            act()
    fault_point("cart", environ).hit()  # a module without a pool
    assert fired.read_text().count("\n") == 2
    assert chances_file(fired).stat().st_size == 5
    board.clear()


def test_poison_looks_through_lists_and_at_the_first_column_of_rows() -> None:
    bad = next(n for n in range(100) if is_poisonous(3, n, 0.1))
    good = next(n for n in range(100) if not is_poisonous(3, n, 0.1))
    assert is_poisonous(3, [good, bad], 0.1)
    assert is_poisonous(3, [(bad, good)], 0.1)
    assert not is_poisonous(3, [(good, bad)], 0.1)
    assert not is_poisonous(3, None, 1.0)
    assert is_poisonous(3, str(bad), 0.1)
    share = sum(is_poisonous(4, n, 0.1) for n in range(5_000)) / 5_000
    assert 0.085 < share < 0.115


def test_poison_ends_the_process_by_content_alone(board: Board, environ: dict[str, str]) -> None:
    bad = next(n for n in range(100) if is_poisonous(5, n, 0.2))
    good = next(n for n in range(100) if not is_poisonous(5, n, 0.2))
    board.arm(Armed("cart", "poison", dose=0.2, seed=5))
    code = (f"from contract.faults import fault_point; point = fault_point('cart'); "
            f"[point.hit({good}) for _ in range(50)]; print('lives', flush=True); "
            f"point.hit({bad})")
    for _ in range(2):
        ended = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False,
            env={**environ, "PYTHONPATH": str(Path(__file__).parents[3])})
        assert (ended.returncode, ended.stdout.strip()) == (CRASH_EXIT_CODE, "lives")


def test_chances_are_numbered_over_all_processes(tmp_path: Path) -> None:
    fired = tmp_path / "fired.jsonl"
    code = ("import sys; from pathlib import Path; from contract.faults.draw import take_number; "
            "print(*[take_number(Path(sys.argv[1])) for _ in range(400)])")
    running = [subprocess.Popen([sys.executable, "-c", code, str(fired)], text=True,
                                stdout=subprocess.PIPE, cwd=Path(__file__).parents[3])
               for _ in range(3)]
    numbers = [int(word) for one in running for word in one.communicate(timeout=60)[0].split()]
    assert sorted(numbers) == list(range(1200))
    assert chances_file(fired).stat().st_size == 1200


def test_a_restarted_process_goes_on_with_the_draws(board: Board, environ: dict[str, str],
                                                    tmp_path: Path) -> None:
    """Otherwise each restart would meet the first draws again, and doses would differ."""
    def hits(*, restarts: bool) -> list[bool]:
        counted = chances_file(tmp_path / "fired.jsonl")
        before = counted.stat().st_size if counted.exists() else 0
        board.arm(Armed("cart", "error", dose=0.4, seed=8, before=before))
        point, found = fault_point("cart", environ), []
        for _ in range(60):
            if restarts:
                point = fault_point("cart", environ)
            try:
                point.hit()
                found.append(False)
            except InjectedError:
                found.append(True)
        return found

    steady = hits(restarts=False)
    assert steady == hits(restarts=True)
    assert 10 < sum(steady) < 40


def test_a_fault_armed_again_is_another_one(board: Board, environ: dict[str, str]) -> None:
    point = fault_point("cart", environ)
    board.arm(Armed("cart", "hang", number=1))
    hanging = threading.Thread(target=point.hit)
    hanging.start()
    time.sleep(0.05)
    board.clear()
    board.arm(Armed("cart", "hang", number=2))
    hanging.join(5)
    assert not hanging.is_alive()
    board.clear()


def test_numbers_start_where_the_file_stands(tmp_path: Path) -> None:
    fired = tmp_path / "fired.jsonl"
    chances_file(fired).write_bytes(b"...")
    assert take_number(fired) == 3
