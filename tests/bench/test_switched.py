"""A program whose fault points are taken out and put back: the real points, armed to see it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.fault_points import call_ns
from bench.switched import PATH, TARGET_ENV, create_asgi, create_wsgi, switch
from contract.faults import Armed, Board, FaultPoint, InjectedError

PROGRAM = """
def create_app():
    from wsgiref.simple_server import demo_app
    return demo_app

def create_service():
    async def app(scope, receive, send):
        await send(scope["path"])
    return app
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    (tmp_path / "some_program.py").write_text(PROGRAM)
    monkeypatch.syspath_prepend(tmp_path)
    yield lambda factory: monkeypatch.setenv(TARGET_ENV, f"some_program:{factory}")
    switch(f"{PATH}on")


@pytest.fixture
def point(tmp_path: Path) -> Iterator[FaultPoint]:
    board = Board.create(tmp_path / "faults")
    board.arm(Armed("catalog", "error"))
    yield FaultPoint("catalog", board, None)
    board.close()


def ask(app: Callable[..., Any], path: str) -> list[str]:
    told: list[str] = []
    environ = {"PATH_INFO": path, "REQUEST_METHOD": "GET"}
    list(app(environ, lambda status, _headers, _info=None: told.append(status)))
    return told


def test_a_point_that_is_switched_off_does_not_act(
        program: Callable[[str], None], point: FaultPoint) -> None:
    program("create_app")
    app = create_wsgi()
    with pytest.raises(InjectedError):
        point.hit()
    assert ask(app, f"{PATH}off") == ["200 OK"]
    point.hit()
    asyncio.run(point.hit_async())
    assert ask(app, f"{PATH}on") == ["200 OK"]
    with pytest.raises(InjectedError):
        point.hit()
    with pytest.raises(InjectedError):
        asyncio.run(point.hit_async())


def test_other_paths_reach_the_program(program: Callable[[str], None]) -> None:
    program("create_service")
    app = create_asgi()
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app({"type": "http", "path": "/api/products/7"}, None, send))
    assert sent == ["/api/products/7"]
    asyncio.run(app({"type": "http", "path": f"{PATH}off"}, None, send))
    assert sent[1]["status"] == 200
    assert not switch("/api/products/7")


def test_the_cost_of_a_call_is_timed() -> None:
    disarmed, empty = call_ns(loops=1000)
    assert disarmed > 0
    assert empty > 0
