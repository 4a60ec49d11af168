"""A product read of each store against the bare framework with the same ORM.

The reference answers the same body from the same database by `session.get` on the primary key,
under the same server, threads, pool and JSON library.  The store does more: routing, request ids,
checks, errors, fault points; target: at least 0.8 of the reference's throughput, on each side.
Both are asked directly, without the proxy, on one core with their database; rounds alternate.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.closed_loop import throughput
from bench.ratio import Ratio, in_turns, paired_ratio, show
from lab.budget.group import pin
from lab.deploy.deployment import Deployment
from lab.deploy.ports import HOST, free_port
from lab.deploy.processes import Command, await_true, start
from lab.deploy.stack import Stack
from lab.deploy.startup import is_ok
from lab.scenario_file import read_scenarios

TARGET = 0.8
_PATH = "/api/products/7"


def measure(rounds: int, seconds: float, scenarios: Path) -> list[Ratio]:
    """Return one ratio for each store."""
    file = read_scenarios(scenarios)
    ratios = []
    with tempfile.TemporaryDirectory(prefix="twinstore-bench-") as folder, \
            Deployment(Path(folder)) as deployment:
        for name, part, bare in (("monolith", "monolith", "flask"),
                                 ("microservices", "catalog", "fastapi")):
            stack = deployment.start(file.topologies[name].named(name))
            threads = file.topologies[name].deployables[part].threads
            pool = file.topologies[name].deployables[part].db_connections
            with _bare(stack, deployment, bare, part, threads, pool) as reference:
                port = stack.processes[part, 0].command.port
                store_url = f"http://{HOST}:{port}{_PATH}"
                pin(0, deployment.generator_cpus)
                ours, theirs = in_turns(
                    rounds,
                    lambda url=store_url: throughput(url, seconds=seconds),  # type: ignore[misc]
                    lambda url=reference: throughput(url, seconds=seconds))  # type: ignore[misc]
            stack.stop()
            ratios.append(paired_ratio(
                f"{part} product read / bare {bare}", ours, theirs, TARGET,
                f"medians {sorted(ours)[len(ours) // 2]:.0f} and "
                f"{sorted(theirs)[len(theirs) // 2]:.0f} per s"))
    return ratios


@contextlib.contextmanager
def _bare(stack: Stack, deployment: Deployment, kind: str, database: str, threads: int,
          pool: int) -> Iterator[str]:
    port = free_port()
    interface = (["--interface", "wsgi", "--blocking-threads", str(threads)]
                 if kind == "flask" else ["--interface", "asgi", "--loop", "uvloop"])
    url = stack.database_urls[database].replace("postgresql://", "postgresql+psycopg://")
    command = Command(
        f"bare-{kind}", 0,
        [sys.executable, "-m", "granian", "--factory", f"bench.bare_{kind}:create_app", "--host",
         HOST, "--port", str(port), "--workers", "1", "--no-ws", "--log-level", "warning",
         *interface],
        deployment.environ | {"TWINSTORE_DATABASE_URL": url,
                              "TWINSTORE_DATABASE_POOL": str(pool)}, port=port)
    process = start(command, deployment.logs,
                    lambda pid: stack.group.place(pid, command.part),
                    lambda *_: None)
    try:
        answer = f"http://{HOST}:{port}{_PATH}"
        await_true(process, lambda: is_ok(answer), 20)
        pin(process.pid, deployment.system_cpus)
        yield answer
    finally:
        process.stop()


def main() -> int:
    """Read arguments, measure, print; say whether the targets are met."""
    parser = argparse.ArgumentParser(prog="python -m bench product_read", description=__doc__)
    parser.add_argument("--rounds", type=int, default=6, help="pairs of rounds (default 6)")
    parser.add_argument("--seconds", type=float, default=2.5, help="length of a round")
    parser.add_argument("--file", type=Path, default=Path("scenarios.yaml"))
    parser.add_argument("--json", action="store_true", help="print for programs")
    given = parser.parse_args()
    return show(measure(given.rounds, given.seconds, given.file), as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
