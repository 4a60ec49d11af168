"""A stand-in store over real HTTP, and the generator run as the lab runs it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from contract.load import LoadSpec, LoadSummary, Workload
from contract.results import REQUESTS
from loadtests.command import command_for

ORDER_ID = "0b9ce3a4-9f3b-4d0e-8f6a-3a1d5e0c7b21"
_MONEY = '{"amount_minor":500,"currency":"EUR"}'


class Shop(ThreadingHTTPServer):
    """Answers as a store would; `freeze`, `hang` and `answer_with` make it misbehave."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.carts: dict[str, tuple[int, int]] = {}
        self.seen: list[tuple[str, str, str | None]] = []
        self.hang = threading.Event()
        self.answer_with: Callable[[str, str], tuple[int, str] | None] = lambda *_: None
        self._open = threading.Event()
        self._open.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def freeze(self, seconds: float) -> None:
        """Answer nothing for a while, then everything."""
        self._open.clear()
        threading.Timer(seconds, self._open.set).start()

    def wait_open(self) -> None:
        self._open.wait(30)

    def handle_error(self, *_: Any) -> None:
        """Clients that hang up are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Shop

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self._body())

    def do_PUT(self) -> None:
        self._serve(self._body())

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _serve(self, body: bytes) -> None:
        shop, customer = self.server, self.headers.get("Authorization", "")
        shop.seen.append((self.command, self.path, self.headers.get("Idempotency-Key")))
        shop.wait_open()
        if shop.hang.is_set():
            time.sleep(2.5)
        status, text = shop.answer_with(self.command, self.path) or _answer(
            shop, self.command, self.path, customer, body)
        data = text.encode()
        head = (f"HTTP/1.1 {status} x\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(data)}\r\n"
                "X-Work: calls=2;statements=5;rows=21\r\n\r\n").encode()
        self.wfile.write(head + data)


def _answer(  # noqa: PLR0911
        shop: Shop, method: str, path: str, customer: str, body: bytes) -> tuple[int, str]:
    if path == "/api/categories":
        return 200, '{"items":[{"slug":"kitchen","name":"Kitchen"}]}'
    if found := re.fullmatch(r"/api/products\?category=([a-z]+)&page=(\d+)", path):
        return 200, (f'{{"items":[{{"id":1,"name":"x","category":"{found[1]}","price":{_MONEY}}}],'
                     f'"page":{found[2]},"page_size":20,"total":1}}')
    if path.startswith("/api/search?q="):
        return 200, '{"items":[{"id":7,"name":"x"}],"page":1,"page_size":20,"total":1}'
    if found := re.fullmatch(r"/api/products/(\d+)", path):
        return 200, (f'{{"id":{found[1]},"name":"x","category":"c","price":{_MONEY},'
                     '"description":"d","stock":1}')
    if found := re.fullmatch(r"/api/cart/items/(\d+)", path):
        shop.carts[customer] = int(found[1]), json.loads(body)["quantity"]
    if path.startswith("/api/cart"):
        product, quantity = shop.carts[customer]
        return 200, (f'{{"items":[{{"product_id":{product},"name":"x","quantity":{quantity}}}],'
                     f'"total":{_MONEY}}}')
    if path.startswith("/api/orders?") or (path == "/api/orders" and method == "GET"):
        page = path.partition("page=")[2] or "1"
        return 200, f'{{"items":[],"page":{page},"page_size":20,"total":0}}'
    if path.startswith("/api/orders"):
        product, _ = shop.carts[customer]
        return (201 if method == "POST" else 200), (
            f'{{"id":"{ORDER_ID}","status":"confirmed","items":[{{"product_id":{product},'
            f'"name":"x"}}],"total":{_MONEY},"payment_id":"{ORDER_ID}"}}')
    return 404, '{"code":"route_not_found"}'


@pytest.fixture
def shop() -> Iterator[Shop]:
    server = Shop()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def new_spec(tmp_path: Path) -> Callable[..., LoadSpec]:
    """Make a spec in the test's folder; keywords replace its fields."""
    tokens = tmp_path / "tokens"
    tokens.write_text("".join(f"token{number}\n" for number in range(60)))

    def make(base_url: str = "http://127.0.0.1:1", weights: dict[str, float] | None = None,
             think_s: float = 0.01, **fields: Any) -> LoadSpec:
        workload = Workload.model_validate(
            {"weights": weights or {"browse": 4, "search": 3, "fill_cart": 2, "check_out": 2,
                                    "look_at_orders": 1}, "think_s": think_s})
        return LoadSpec.model_validate({
            "trial": 3, "base_url": base_url, "workload": workload, "seed": 11,
            "rate_profile": [(0.3, 30.0), (0.7, 40.0)], "concurrency": 50, "timeout_s": 2.0,
            "drain_s": 3.0, "tokens_file": str(tokens),
            "requests_path": str(tmp_path / "00003.requests.parquet"),
            "summary_path": str(tmp_path / "00003.summary.json")} | fields)

    return make


@dataclass
class Recorded:
    """What a generator left behind: rows as dicts, the summary, its exit code, its words."""

    rows: list[dict[str, Any]]
    summary: LoadSummary
    exit_code: int
    words: list[str]

    def response_ms(self, share: float) -> float:
        times = sorted((row["end_s"] - row["intended_s"]) * 1000 for row in self.rows
                       if row["outcome"] != "censored" and row["step"] == 0)
        return times[int(share * (len(times) - 1))]

    def outcomes(self) -> set[str]:
        return {row["outcome"] for row in self.rows}


@dataclass
class Child:
    """A running generator; `drive` plays the lab's part."""

    spec: LoadSpec
    processes: int = 1
    web_port: int | None = None
    words: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        folder = Path(self.spec.tokens_file).parent
        path = folder / "spec.json"
        path.write_text(self.spec.model_dump_json())
        launch = command_for(path, processes=self.processes, web_port=self.web_port)
        self._log = (folder / "generator.log").open("ab")
        self.process = subprocess.Popen(launch.argv, env=launch.environ, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self._log, text=True)

    def await_word(self, word: str) -> str:
        assert self.process.stdout
        for line in self.process.stdout:
            self.words.append(line.strip())
            if line.startswith(f"TWINSTORE {word}"):
                return line
        raise AssertionError(f"no {word}: {self.words}; {Path(self._log.name).read_text()}")

    def go(self) -> float:
        """Let it go; return second 0."""
        self.await_word("READY")
        assert self.process.stdin
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return float(self.await_word("STARTED").split()[-1])

    def finish(self) -> Recorded:
        self.await_word("DONE")
        assert self.process.stdout
        rest = self.process.stdout.read()
        code = self.process.wait(20)
        table = pq.read_table(self.spec.requests_path)
        assert table.schema.names == REQUESTS.names
        summary = LoadSummary.model_validate_json(Path(self.spec.summary_path).read_bytes())
        return Recorded(table.to_pylist(), summary, code, [*self.words, rest])

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        for stream in (self.process.stdin, self.process.stdout, self._log):
            if stream:
                stream.close()


@pytest.fixture
def start() -> Iterator[Callable[..., Child]]:
    """Start generators that are ended with the test."""
    children: list[Child] = []

    def begin(spec: LoadSpec, processes: int = 1, web_port: int | None = None) -> Child:
        children.append(Child(spec, processes, web_port))
        return children[-1]

    yield begin
    for child in children:
        child.close()


@pytest.fixture
def drive(start: Callable[..., Child]) -> Callable[..., Recorded]:
    """Run a spec to its end."""

    def run(spec: LoadSpec, processes: int = 1) -> Recorded:
        child = start(spec, processes)
        child.go()
        return child.finish()

    return run
