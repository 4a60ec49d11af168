"""A server whose service times are known: the truth that a load generator is held against.

    python -m bench.known_server --shape lognormal --records FILE    (ends when its input ends)

Each request is served by a sleep on a kernel timer, a thread for each connection, so nobody
queues and the response time is the service time.  Service times are not drawn at random: they
are quantiles at the fractions of n × the golden ratio, which fill the distribution evenly over
any stretch of requests, so what is compared is the instrument and not the luck of a sample.

The server keeps its own record of every request.  An answer carries its number as the rows of
SQL that it claims, which recorders keep: each row of the generator finds its record.

A freeze is what a stopped process looks like: for its length nothing is read and nothing is
answered, then everything at once.
"""

from __future__ import annotations

import argparse
import ctypes
import itertools
import json
import math
import random
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import NormalDist
from typing import Final, NamedTuple

from contract.http import WORK_HEADER, Work

SHAPES: Final[dict[str, Callable[[float], float]]] = {
    "lognormal": lambda u: 0.012 * math.exp(0.5 * NormalDist().inv_cdf(u)),
    "shifted-exponential": lambda u: 0.006 - 0.010 * math.log1p(-u),
}
"""Quantile functions by name. Unit: seconds."""

_GOLDEN: Final = (math.sqrt(5) - 1) / 2
MOST: Final = 100_000
"""Requests that one server answers."""

_BACKLOG: Final = 512
_SET_TIMER_SLACK: Final = 29  # PR_SET_TIMERSLACK, linux/prctl.h


class Record(NamedTuple):
    """What the server itself knows of a request; instants are `perf_counter` values.

    `service_s` is what was drawn; `answered` − `received` is what became of it.
    """

    number: int
    received: float
    service_s: float
    answered: float


def service_times(shape: str, scale: float, seed: int) -> list[float]:
    """Return the service times of all requests, in their order; the seed shifts them."""
    begin = random.Random(seed).random()  # noqa: S311 - no secret
    return [scale * SHAPES[shape]((begin + number * _GOLDEN) % 1 or 0.5)
            for number in range(MOST)]


class Server:
    """Serves until the process ends; `records` grow as requests are answered."""

    def __init__(self, times: list[float], freeze_at_s: float, freeze_for_s: float) -> None:
        self.records: list[Record] = []
        self._times = times
        self._numbers = itertools.count()
        self._freeze_at_s, self._freeze_for_s = freeze_at_s, freeze_for_s
        self._freeze_from = self._freeze_until = math.inf
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)

    @property
    def port(self) -> int:
        port: int = self._socket.getsockname()[1]
        return port

    def accept(self) -> None:
        """Take connections for ever."""
        while True:
            connection, _ = self._socket.accept()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        block = b""
        with connection:
            while True:
                while b"\r\n\r\n" not in block:
                    read = connection.recv(65_536)
                    if not read:
                        return
                    block += read
                received = time.perf_counter()
                head, _, block = block.partition(b"\r\n\r\n")
                self._answer(connection, head, received)

    def _answer(self, connection: socket.socket, head: bytes, received: float) -> None:
        number = next(self._numbers)
        if not number:
            self._freeze_from = received + self._freeze_at_s
            self._freeze_until = self._freeze_from + self._freeze_for_s
        self._sleep_out_a_freeze()
        service_s = self._times[number]
        _sleep_until(received + service_s)
        self._sleep_out_a_freeze()
        product = head.split(b" ", 2)[1].rpartition(b"/")[2]
        body = (b'{"id":%b,"name":"Oak Kettle","category":"kitchen","price":{"amount_minor":1999,'
                b'"currency":"EUR"},"description":"The kettle.","stock":7}' % product)
        work = str(Work(rows=number))
        answered = time.perf_counter()
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
            b"%b: %b\r\n\r\n%b" % (len(body), WORK_HEADER.encode(), work.encode(), body))
        self.records.append(Record(number, received, service_s, answered))

    def _sleep_out_a_freeze(self) -> None:
        if self._freeze_from <= time.perf_counter() < self._freeze_until:
            _sleep_until(self._freeze_until)


def _sleep_until(instant: float) -> None:
    while (left := instant - time.perf_counter()) > 0:
        time.sleep(left)


def _wake_on_time() -> None:
    """Ask the kernel not to round this process's timers up by 50 µs.  Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_TIMER_SLACK, ctypes.c_ulong(1), 0, 0, 0)


def main() -> int:
    """Serve until standard input ends, then write the records."""
    parser = argparse.ArgumentParser(prog="python -m bench.known_server", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, default="lognormal")
    parser.add_argument("--scale", type=float, default=1.0, help="factor of all service times")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--freeze-at", type=float, default=math.inf, metavar="S",
                        help="freeze so long after the first request")
    parser.add_argument("--freeze-for", type=float, default=0.0, metavar="S")
    parser.add_argument("--records", type=Path, required=True, help="file to write at the end")
    given = parser.parse_args()
    _wake_on_time()  # before threads: they inherit it
    server = Server(service_times(given.shape, given.scale, given.seed), given.freeze_at,
                    given.freeze_for)
    threading.Thread(target=server.accept, daemon=True).start()
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    sys.stdin.read()
    given.records.write_text(json.dumps(list(server.records)), encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
