"""The relay as a process, between real sockets."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import pytest

from lab.deploy.ports import HOST, free_ports
from relay.line import MOST_HELD

QUESTION = b"?" * 100


class Server:
    """Echoes what it gets, or does with each connection what a test asks for."""

    def __init__(self) -> None:
        self.listener = socket.create_server((HOST, 0), backlog=200)
        self.port = self.listener.getsockname()[1]
        self.accepted: list[socket.socket] = []
        self.echoes = True
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.accepted.append(connection)
                if self.echoes:
                    threading.Thread(target=_echo, args=(connection,), daemon=True).start()

    def next(self) -> socket.socket:
        """The connection that was accepted last, as soon as there is one."""
        deadline = time.monotonic() + 5
        while not self.accepted and time.monotonic() < deadline:
            time.sleep(0.005)
        return self.accepted[-1]

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # or the waiting thread keeps it open
        self.listener.close()
        for connection in self.accepted:
            connection.close()


def _echo(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := connection.recv(65_536):
            connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)


@dataclass
class Relayed:
    """A relay with one link, to `server`."""

    process: subprocess.Popen[str]
    server: Server
    port: int

    def say(self, words: str) -> str:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def order(self, words: str) -> None:
        assert self.say(words) == "ok"

    def read(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.say("read"))
        return found

    def connect(self) -> socket.socket:
        client = socket.create_connection((HOST, self.port), timeout=10)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client


def begin(*links: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-m", "relay", *links], text=True,
                            cwd=Path(__file__).parents[2], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE)


@pytest.fixture
def relayed() -> Iterator[Relayed]:
    server = Server()
    port = free_ports(1)[0]
    process = begin(f"echo:{port}:{server.port}")
    assert process.stdout
    assert process.stdin
    assert process.stdout.readline() == "ready\n"
    yield Relayed(process, server, port)
    process.stdin.close()
    assert process.wait(5) == 0
    process.stdout.close()
    server.close()


def ask(client: socket.socket, question: bytes = QUESTION) -> float:
    """Send, receive as much; return the round trip in ms."""
    began = time.perf_counter()
    client.sendall(question)
    left = len(question)
    while left:
        got = client.recv(65_536)
        assert got, "it ended early"
        left -= len(got)
    return (time.perf_counter() - began) * 1_000


def everything(client: socket.socket) -> bytes:
    """All that comes until the end."""
    return b"".join(iter(lambda: client.recv(65_536), b""))


@pytest.mark.parametrize("distance_ms", [0.5, 2, 10])
def test_a_distance_is_put_on_both_ways(relayed: Relayed, distance_ms: float) -> None:
    """Never less than it, and close to it in the median, compared with distance 0 side by side."""
    with relayed.connect() as client:
        near, far = [], []
        for _ in range(40):
            relayed.order("distance 0")
            near.append(ask(client))
            relayed.order(f"distance {distance_ms}")
            far.append(ask(client))
    assert min(far) >= 2 * distance_ms
    assert (median(far) - median(near)) / 2 == pytest.approx(distance_ms, abs=0.25, rel=0.1)


def test_a_distance_takes_no_throughput(relayed: Relayed) -> None:
    """50 connections, one question at a time each: they wait side by side, not in a queue."""
    relayed.order("distance 2")

    def many(_: int) -> float:
        with relayed.connect() as client:
            return median([ask(client) for _ in range(20)])

    with ThreadPoolExecutor(50) as pool:
        took = list(pool.map(many, range(50)))
    assert min(took) >= 4
    assert median(took) < 100  # in a queue behind each other: 50 × 4 ms


def test_what_is_sent_in_one_direction_is_in_flight_together(relayed: Relayed) -> None:
    """40 pieces, 1 ms apart, at a distance of 100 ms: 140 ms, not 40 × 100 ms."""
    relayed.order("distance 100")
    with relayed.connect() as client:
        began = time.perf_counter()
        for _ in range(40):
            client.sendall(b"x")
            time.sleep(0.001)
        client.shutdown(socket.SHUT_WR)
        assert everything(client) == b"x" * 40
        assert 0.2 <= time.perf_counter() - began < 2


def test_large_bodies_arrive_unchanged_and_in_order(relayed: Relayed) -> None:
    relayed.order("distance 1")
    body = os.urandom(8 * MOST_HELD)
    with relayed.connect() as client:
        sender = threading.Thread(target=client.sendall, args=(body,))
        sender.start()
        parts, size = [], 0
        while size < len(body):
            parts.append(client.recv(1 << 20))
            size += len(parts[-1])
        sender.join()
    assert b"".join(parts) == body


def test_a_shorter_distance_does_not_overtake(relayed: Relayed) -> None:
    relayed.server.echoes = False
    relayed.order("distance 200")
    with relayed.connect() as client:
        client.sendall(b"first ")
        server = relayed.server.next()
        time.sleep(0.05)
        relayed.order("distance 0")
        client.sendall(b"second")
        client.shutdown(socket.SHUT_WR)
        assert everything(server) == b"first second"


def test_who_does_not_read_stops_who_sends(relayed: Relayed) -> None:
    """Back-pressure: the relay holds at most `MOST_HELD` and what the kernel buffers."""
    relayed.server.echoes = False
    before = psutil.Process(relayed.process.pid).memory_info().rss
    with relayed.connect() as client:
        client.settimeout(1)
        with pytest.raises(TimeoutError):
            client.sendall(b"x" * (200 << 20))
        assert psutil.Process(relayed.process.pid).memory_info().rss - before < 8 * MOST_HELD


def test_one_direction_ends_before_the_other(relayed: Relayed) -> None:
    relayed.server.echoes = False
    relayed.order("distance 5")
    with relayed.connect() as client:
        client.sendall(b"all I have")
        client.shutdown(socket.SHUT_WR)
        server = relayed.server.next()
        assert everything(server) == b"all I have"
        server.sendall(b"the answer")
        server.close()
        assert everything(client) == b"the answer"


@pytest.mark.parametrize("distance_ms", [0, 5])
def test_a_reset_is_passed_on(relayed: Relayed, distance_ms: float) -> None:
    relayed.server.echoes = False
    relayed.order(f"distance {distance_ms}")
    with relayed.connect() as client:
        client.sendall(b"hello")
        server = relayed.server.next()
        assert server.recv(5) == b"hello"
        reset(server)
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_a_client_that_breaks_off_is_noticed_by_the_server(relayed: Relayed) -> None:
    relayed.server.echoes = False
    client = relayed.connect()
    client.sendall(b"hello")
    server = relayed.server.next()
    assert server.recv(5) == b"hello"
    reset(client)
    server.settimeout(5)
    with pytest.raises(ConnectionResetError):
        server.recv(1)


def reset(one: socket.socket) -> None:
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    one.close()


def test_a_refused_target_is_a_reset(relayed: Relayed) -> None:
    relayed.server.close()

    def connect() -> None:
        with relayed.connect() as client:  # it may be reset at once
            client.recv(1)

    with pytest.raises(ConnectionResetError):
        connect()


def test_a_cut_link_resets_and_refuses_until_it_is_restored(relayed: Relayed) -> None:
    with relayed.connect() as client:
        ask(client)
        relayed.order("cut")
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    with pytest.raises(ConnectionRefusedError):
        relayed.connect()
    relayed.order("restore")
    with relayed.connect() as client:
        ask(client)


def test_a_hanging_link_is_silent_and_loses_nothing(relayed: Relayed) -> None:
    with relayed.connect() as client:
        ask(client)
        relayed.order("hang echo")
        client.sendall(b"before")
        with relayed.connect() as late:  # it is accepted, and waits
            late.sendall(b"late")
            for one in (client, late):
                one.settimeout(0.2)
                with pytest.raises(TimeoutError):
                    one.recv(1)
                one.settimeout(10)
            relayed.order("restore echo")
            assert client.recv(100) == b"before"
            assert late.recv(100) == b"late"


def test_connections_that_ended_leave_nothing(relayed: Relayed) -> None:
    process = psutil.Process(relayed.process.pid)
    with relayed.connect() as client:
        ask(client)
        before = process.num_fds()
    for number in range(60):
        client = relayed.connect()
        ask(client)
        (reset if number % 2 else socket.socket.close)(client)
    deadline = time.monotonic() + 5
    while process.num_fds() > before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert process.num_fds() <= before
    seen = relayed.read()["links"]["echo"]
    assert (seen["accepted"], seen["connections"]) == (61, 0)


def test_an_idle_relay_uses_no_cpu(relayed: Relayed) -> None:
    """Ended, half-ended and blocked connections included: nobody asks in a loop."""
    relayed.server.echoes = False
    half, broken = relayed.connect(), relayed.connect()
    half.shutdown(socket.SHUT_WR)
    reset(broken)
    relayed.order("hang")
    with relayed.connect() as waiting:
        waiting.sendall(b"x")
        process = psutil.Process(relayed.process.pid)
        before = process.cpu_times()
        time.sleep(1)
        after = process.cpu_times()
    half.close()
    assert after.user + after.system - before.user - before.system <= 0.05


def test_counters_say_what_went_through_and_how_late(relayed: Relayed) -> None:
    relayed.order("distance 1")
    with relayed.connect() as client:
        ask(client)
        seen = relayed.read()
    assert seen["links"]["echo"] == {"accepted": 1, "connections": 1, "distance_ms": 1.0,
                                     "delivered_bytes": 2 * len(QUESTION)}
    assert sum(count for _, count in seen["late"]) >= 2
    assert sum(count for _, count in relayed.read()["late"]) == 0


@pytest.mark.parametrize(("words", "reason"), [
    ("distance", "is none of"), ("distance x", "a distance is 0 to 60000 ms, not 'x'"),
    ("distance -1", "a distance is"), ("distance nan", "a distance is"),
    ("distance 1 cart", "no link 'cart'; there are: echo"), ("cut cart", "no link 'cart'"),
    ("", "is none of"), ("read echo", "is none of"),
])
def test_words_that_are_not_understood_are_answered(relayed: Relayed, words: str,
                                                    reason: str) -> None:
    answer = relayed.say(words)
    assert answer.startswith("error: ")
    assert reason in answer


def test_a_taken_port_is_said() -> None:
    with socket.create_server((HOST, 0)) as taken:
        process = begin(f"echo:{taken.getsockname()[1]}:1")
        said, _ = process.communicate(timeout=10)
    assert said.startswith("error: echo: 127.0.0.1:")
    assert process.returncode == 1


def test_a_link_that_is_no_link_is_said() -> None:
    ended = subprocess.run([sys.executable, "-m", "relay", "echo:1"], text=True, timeout=10,
                           cwd=Path(__file__).parents[2], capture_output=True, check=False)
    assert ended.returncode == 2
    assert "'echo:1' is not NAME:PORT:TARGET" in ended.stderr
