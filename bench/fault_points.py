"""What do fault points cost while no fault is armed?

    python -m bench fault_points [--slices 80] [--seconds 0.3] [--json]

A product read of each store, asked directly, is served with its fault points and with empty
calls in their place, by one process that is switched between short slices (ABBA).  Compared
are requests per CPU second of the server; no difference means that the whole interval lies
within 1 ± 2 %.  The cost of a single call, timed alone, stands beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import tempfile
import time
import timeit
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import aiohttp

from bench.ratio import Ratio, equivalence, show
from bench.switched import PATH, TARGET_ENV, passes
from contract.faults import Board, FaultPoint
from contract.instruments import METRICS_ENV
from lab.budget.group import family, pin
from lab.deploy.deployment import Deployment
from lab.deploy.ports import HOST, free_port
from lab.deploy.processes import Command, Process, await_true, start
from lab.deploy.stack import Stack
from lab.deploy.startup import is_ok
from lab.scenario_file import read_scenarios

TOLERANCE: Final = 0.02
_PRODUCT: Final = "/api/products/7"
_CONNECTIONS: Final = 8
_PROGRAMS: Final = {
    "monolith": ("monolith", "monolith.app:create_app", "create_wsgi"),
    "microservices": ("catalog", "microservices.catalog.app:create_app", "create_asgi"),
}
"""Topology → the program that is asked, its factory, the switch around it."""


def call_ns(loops: int = 200_000) -> tuple[float, float]:
    """Nanoseconds of one disarmed fault point, and of an empty call: the best of five."""
    with tempfile.TemporaryDirectory(prefix="twinstore-bench-") as folder:
        board = Board.create(Path(folder) / "faults")
        point = FaultPoint("catalog", board, None)
        times = [min(timeit.repeat(call, number=loops, repeat=5)) / loops * 1e9
                 for call in (point.hit, lambda: passes(point))]
        board.close()
    return times[0], times[1]


def measure(slices: int, seconds: float, scenarios: Path) -> list[Ratio]:
    """Return one ratio for each store: with fault points / without."""
    file = read_scenarios(scenarios)
    ratios = []
    with tempfile.TemporaryDirectory(prefix="twinstore-bench-") as folder, \
            Deployment(Path(folder)) as deployment:
        for topology, (program, target, switch) in _PROGRAMS.items():
            stack = deployment.start(file.topologies[topology].named(topology))
            with _switched(stack, deployment, program, target, switch) as process:
                pin(0, deployment.generator_cpus)
                on, off = asyncio.run(_alternate(process, slices, seconds))
            stack.stop()
            ratios.append(equivalence(
                f"{program} with fault points / without", on, off, TOLERANCE,
                f"medians {sorted(on)[len(on) // 2]:,.0f} and {sorted(off)[len(off) // 2]:,.0f} "
                "product reads per CPU second"))
    return ratios


@contextlib.contextmanager
def _switched(stack: Stack, deployment: Deployment, program: str, target: str,
              switch: str) -> Iterator[Process]:
    """The store's program once more, on the same database and core, behind the switch."""
    own, port = stack.processes[program, 0].command, free_port()
    swapped = {target: f"bench.switched:{switch}", str(own.port): str(port)}
    command = Command(f"switched-{program}", 0, [swapped.get(word, word) for word in own.argv],
                      {**own.environ, TARGET_ENV: target, METRICS_ENV: f"{HOST}:{free_port()}"},
                      port=port)
    process = start(command, deployment.logs, lambda pid: stack.group.place(pid, program),
                    lambda *_: None)
    try:
        await_true(process, lambda: is_ok(f"http://{HOST}:{port}{_PRODUCT}"), 20)
        pin(process.pid, deployment.system_cpus)
        yield process
    finally:
        process.stop()


async def _alternate(process: Process, slices: int,
                     seconds: float) -> tuple[list[float], list[float]]:
    """Requests per CPU second with and without fault points, slice by slice."""
    url = f"http://{HOST}:{process.command.port}"
    found: dict[str, list[float]] = {"on": [], "off": []}
    connector = aiohttp.TCPConnector(limit=_CONNECTIONS)
    async with aiohttp.ClientSession(connector=connector,
                                     timeout=aiohttp.ClientTimeout(total=10)) as session:
        await _slice(session, url, process, "on", 2.0)  # warm up
        for number in range(slices):
            for state in ("on", "off") if number % 2 else ("off", "on"):
                found[state].append(await _slice(session, url, process, state, seconds))
    return found["on"], found["off"]


async def _slice(session: aiohttp.ClientSession, url: str, process: Process, state: str,
                 seconds: float) -> float:
    async with session.post(f"{url}{PATH}{state}") as answer:
        answer.raise_for_status()
    before, end = _cpu_s(process.pid), time.perf_counter() + seconds
    counts = await asyncio.gather(*(_read_until(session, f"{url}{_PRODUCT}", end)
                                    for _ in range(_CONNECTIONS)))
    return sum(counts) / (_cpu_s(process.pid) - before)


async def _read_until(session: aiohttp.ClientSession, url: str, end: float) -> int:
    count = 0
    while time.perf_counter() < end:
        async with session.get(url) as answer:
            await answer.read()
            answer.raise_for_status()
        count += 1
    return count


def _cpu_s(pid: int) -> float:
    """CPU seconds of a process and its children, to the nanosecond where the kernel tells.

    Linux: the clock of a process, as clock_getcpuclockid(3) makes its number.
    """
    if sys.platform == "linux":
        return sum(time.clock_gettime(~one.pid << 3 | 2) for one in family(pid))
    return sum(sum(one.cpu_times()[:2]) for one in family(pid))


def main() -> int:
    """Read arguments, measure, print; say whether no difference was found."""
    parser = argparse.ArgumentParser(prog="python -m bench fault_points", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, default=80, help="pairs of slices")
    parser.add_argument("--seconds", type=float, default=0.3, help="length of a slice")
    parser.add_argument("--file", type=Path, default=Path("scenarios.yaml"))
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    if not given.json:
        disarmed, empty = call_ns()
        sys.stdout.write(f"a disarmed fault point: {disarmed:.0f} ns, an empty call through a "
                         f"lambda: {empty:.0f} ns\n")
    return show(measure(given.slices, given.seconds, given.file), as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
