"""The recorder against bare FastHttpUser: requests per CPU second of the generator.

    python -m bench recorder [--rounds 6] [--seconds 2.5] [--json]

Both read one product as plain JSON from the same server and are saturated by as many users.  The
bare one calls `client.get` in a closed loop and keeps nothing but Locust's own statistics; ours
releases an open schedule, checks each body and keeps a row a request.  Writing the rows comes
after the load in both senses: it is not counted, and takes no part in it.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.ratio import Ratio, in_turns, paired_ratio, show
from contract.load import LoadSpec, LoadSummary, Workload
from loadtests.command import command_for

TARGET: Final = 0.8
_ROOT: Final = Path(__file__).resolve().parent.parent
_USERS: Final = 50
_RATE: Final = 20_000.0
"""Journeys a second, far above what one generator can send, so that it is never idle."""
_BARE: Final = """
import json, os, time
import gevent
from locust import FastHttpUser, constant, events, task

class Reader(FastHttpUser):
    wait_time = constant(0)

    @task
    def read(self):
        self.client.get("/api/products/1")

def measure(environment):
    gevent.sleep(0.5)
    count, cpu = environment.stats.total.num_requests, time.process_time()
    gevent.sleep(float(os.environ["BENCH_SECONDS"]))
    count, cpu = environment.stats.total.num_requests - count, time.process_time() - cpu
    failures = environment.stats.total.num_failures
    with open(os.environ["BENCH_RESULT"], "w") as file:
        json.dump({"per_cpu_second": count / cpu, "failures": failures}, file)
    environment.runner.quit()

@events.init.add_listener
def prepare(environment, **_):
    events.spawning_complete.add_listener(lambda **_: gevent.spawn(measure, environment))
"""

Send = Callable[[dict[str, Any]], Awaitable[None]]


async def plain(scope: dict[str, Any], _receive: object, send: Send) -> None:
    """ASGI: any product, as constant JSON around the id asked for."""
    if scope["type"] != "http":
        return
    number = scope["path"].rpartition("/")[2].encode()
    body = (b'{"id":%b,"name":"Oak Kettle","category":"kitchen","price":{"amount_minor":1999,'
            b'"currency":"EUR"},"description":"The kettle.","stock":7}' % number)
    await send({"type": "http.response.start", "status": 200, "headers": [
        (b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


def measure(rounds: int = 6, seconds: float = 2.5) -> Ratio:
    """Compare in interleaved rounds."""
    with tempfile.TemporaryDirectory() as name, _server() as url:
        folder = Path(name)
        (folder / "bare.py").write_text(_BARE, encoding="ascii")
        (folder / "tokens").write_text("token\n" * _USERS, encoding="ascii")
        ours, bare = in_turns(rounds, lambda: _recorder(url, folder, seconds),
                              lambda: _bare(url, folder, seconds))
    note = (f"medians {sorted(ours)[rounds // 2]:,.0f} and {sorted(bare)[rounds // 2]:,.0f} "
            "requests per CPU second")
    return paired_ratio("recorder / bare FastHttpUser", ours, bare, TARGET, note)


def _recorder(url: str, folder: Path, seconds: float) -> float:
    spec = LoadSpec(
        trial=1, base_url=url, workload=Workload(weights={"read_product": 1}),
        rate_profile=[(seconds, _RATE)], seed=1, concurrency=_USERS, drain_s=0,
        tokens_file=str(folder / "tokens"), requests_path=str(folder / "rows.parquet"),
        summary_path=str(folder / "summary.json"))
    path = folder / "spec.json"
    path.write_text(spec.model_dump_json(), encoding="utf-8")
    launch = command_for(path, gated=False)
    _run(launch.argv, launch.environ)
    rows = pq.read_table(spec.requests_path, columns=["outcome", "end_s"])
    wrong = set(rows["outcome"].to_pylist()) - {"ok", "censored"}
    if wrong:
        raise RuntimeError(f"the recorder met {', '.join(sorted(wrong))}; nothing is compared")
    done = pc.sum(pc.less_equal(rows["end_s"], seconds)).as_py()
    summary = LoadSummary.model_validate_json(Path(spec.summary_path).read_bytes())
    return float(done / (summary.measured_cpu_share * seconds))


def _bare(url: str, folder: Path, seconds: float) -> float:
    result = folder / "bare.json"
    _run([sys.executable, "-m", "locust", "-f", str(folder / "bare.py"), "--headless",
          "--only-summary", "--loglevel", "ERROR", "--host", url, "-u", str(_USERS), "-r",
          str(_USERS)],
         {**os.environ, "BENCH_SECONDS": str(seconds), "BENCH_RESULT": str(result)})
    told: dict[str, float] = json.loads(result.read_text(encoding="utf-8"))
    if told["failures"]:
        raise RuntimeError(f"the bare user met {told['failures']} failures; nothing is compared")
    return told["per_cpu_second"]


def _run(argv: list[str], environ: dict[str, str]) -> None:
    """Run a generator on the last core, away from the server's, where that can be asked for."""
    with subprocess.Popen(argv, env=environ, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        _pin(process.pid, last=True)
        try:
            _, told = process.communicate(timeout=120)
        finally:
            process.kill()
    if process.returncode:
        raise RuntimeError(f"the generator ended with {process.returncode}:\n{told}")


@contextmanager
def _server() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen(
            [sys.executable, "-m", "granian", "--interface", "asgi", "bench.recorder:plain",
             "--host", "127.0.0.1", "--port", str(port), "--loop", "uvloop", "--no-ws",
             "--log-level", "warning"], cwd=_ROOT) as process:
        _pin(process.pid, last=False)
        try:
            _await(f"{url}/api/products/1")
            yield url
        finally:
            process.terminate()


def _await(url: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - loopback
                return
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _pin(pid: int, *, last: bool) -> None:
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(pid, {cores[-1 if last else 0]})


def main() -> int:
    """Print the ratio; say whether it meets its target."""
    parser = argparse.ArgumentParser(prog="python -m bench recorder", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=6, help="interleaved rounds of both")
    parser.add_argument("--seconds", type=float, default=2.5, help="length of one measurement")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    return show([measure(given.rounds, given.seconds)], as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
