"""A store's program whose fault points can be taken out and put back while it runs.

Started as any other program; `BENCH_TARGET` names its factory, as the lab names it.  Two
processes would differ in more than their fault points (memory layout, order of hashes); one
process that is switched differs in nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, Final

from contract.faults import FaultPoint

TARGET_ENV: Final = "BENCH_TARGET"
PATH: Final = "/bench/fault-points/"
"""… `on` or `off`."""


def passes(_point: FaultPoint, _content: object = None) -> None:
    """What a fault point costs that is only a call."""


async def passes_async(_point: FaultPoint, _content: object = None) -> None:
    """The same on an event loop."""


REAL: Final[dict[str, Callable[..., Any]]] = {
    "hit": FaultPoint.hit, "hit_async": FaultPoint.hit_async}
EMPTY: Final[dict[str, Callable[..., Any]]] = {"hit": passes, "hit_async": passes_async}


def switch(path: str) -> bool:
    """Act on a path that asks for a switch; False: the path is the store's."""
    if not path.startswith(PATH):
        return False
    for name, method in (REAL if path.endswith("/on") else EMPTY).items():
        setattr(FaultPoint, name, method)
    return True


def create_wsgi() -> Callable[..., Iterable[bytes]]:
    """The left store's application behind the switch."""
    app = _made()

    def application(environ: dict[str, Any],
                    start_response: Callable[..., Any]) -> Iterable[bytes]:
        if switch(environ["PATH_INFO"]):
            start_response("200 OK", [("Content-Length", "0")])
            return [b""]
        answer: Iterable[bytes] = app(environ, start_response)
        return answer

    return application


def create_asgi() -> Callable[..., Any]:
    """A service behind the switch."""
    app = _made()

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http" and switch(scope["path"]):
            await send({"type": "http.response.start", "status": 200,
                        "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})
            return
        await app(scope, receive, send)

    return application


def _made() -> Any:
    module, _, factory = os.environ[TARGET_ENV].partition(":")
    return getattr(import_module(module), factory)()
