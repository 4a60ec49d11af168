"""One `twinstore` as a process of its own, and what is left of it on the machine.

Everything that a lab starts inherits its folder for temporary files, so that folder tells what is
its own from what other labs on the machine have started.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

DEFINITIONS = """
topologies:
  monolith:
    store: monolith
    deployables: {{monolith: {{threads: 8, db_connections: 8}}}}
  microservices:
    store: microservices
    deployables:
      accounts: {{db_connections: 2}}
      catalog: {{db_connections: 2}}
      search: {{db_connections: 2}}
      cart: {{db_connections: 2}}
      orders: {{db_connections: 2}}
      payments: {{db_connections: 2}}
      storefront: {{}}
workloads:
  shop: {{weights: {{browse: 2, check_out: 1}}}}
  product_read: {{weights: {{read_product: 1}}}}
faults:
  payments-replica-freeze: {{module: payments, kind: replica_freeze}}
  catalog-lock: {{module: catalog, kind: database_lock}}
  database-down: {{module: database, kind: down}}
  bank-cut: {{module: bank, kind: network_cut}}
  payments-leak: {{module: payments, kind: leak, leak_mb: 512}}
  search-error: {{module: search, kind: error}}
"""
"""What runs, who comes, what breaks: the beginning of a scenario file.  To be formatted."""
SCENARIO = DEFINITIONS + """
scenarios:
  endings:
    description: Short trials of one store, more than are finished before the last ending.
    seed: 5
    topologies: [monolith]
    data: {{products: 200, customers: 50}}
    client: {{concurrency: 40, timeout_s: 4, drain_s: 4}}
    guards: {{lag_p99_ms: 1000, lag_max_ms: 1000, generator_cpu: 1, spin_ratio: 1000, retries: 0}}
    latency: [{{workload: shop, rate_per_s: 10, pairs: {pairs}, aa: true, warmup_s: 0.3,
                measure_s: 0.7}}]
"""
"""`pairs`: of trials that take a second each."""
FAULTED = DEFINITIONS + """
scenarios:
  faulted:
    description: The same of both stores, then every fault, long enough to be ended in the midst.
    seed: 5
    topologies: [monolith, microservices]
    data: {{products: 200, customers: 50}}
    budget: {{memory_mb: 1024}}
    client: {{concurrency: 40, timeout_s: 4, drain_s: 4}}
    platform: {{restart_delay_s: 0.5}}
    guards: {{lag_p99_ms: 1000, lag_max_ms: 1000, generator_cpu: 1, spin_ratio: 1000, retries: 0}}
    latency: [{{workload: shop, rate_per_s: 10, pairs: {pairs}, warmup_s: 0.3, measure_s: 0.7}}]
    isolation: {{workload: shop, rate_per_s: 10, faults: [{faults}], warmup_s: 0.3, before_s: 0.2,
                 fault_s: 3, after_s: 0.3}}
"""
"""`faults`: names of faults, those that `tests.e2e.acting` can see."""
PATIENCE_S = 90
_WARDEN = "lab.deploy.sweep"


class Lab:
    """A running lab; `lines` is what it has printed so far."""

    def __init__(self, words: list[str], temporary: Path) -> None:
        self.temporary = temporary
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lab", *words], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True,
            env=os.environ | {"TMPDIR": str(temporary)})
        self.lines: list[str] = []
        self._seen: set[psutil.Process] = set()
        self._marks: set[str] = set()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def await_line(self, pattern: str, nth: int = 1, patience_s: float = PATIENCE_S) -> str:
        """Wait until the n-th line that matches is printed; return it."""
        def found() -> list[str]:
            return [line for line in list(self.lines) if re.search(pattern, line)]

        wait_until(lambda: len(found()) >= nth or not self._reader.is_alive(), pattern, patience_s)
        assert len(found()) >= nth, f"no {pattern!r} in\n{self.output}"
        return found()[nth - 1]

    def interrupt(self) -> None:
        """Ctrl-C: the terminal signals the whole foreground group."""
        self.look()
        os.killpg(self.process.pid, signal.SIGINT)

    def kill(self) -> None:
        """As `kill -9` does: only the lab itself."""
        self.look()
        self.process.kill()

    def wait(self, patience_s: float = PATIENCE_S) -> int:
        """Wait for the end, and for the last words; return the exit code."""
        code = self.process.wait(patience_s)
        self._reader.join(20)
        assert not self._reader.is_alive(), "somebody still holds the lab's standard output"
        assert self.process.stdout
        self.process.stdout.close()
        return code

    def look(self) -> None:
        """Remember what runs now."""
        for process in self.own():
            self._seen.add(process)
            words = command_line(process)
            if _WARDEN in words:
                self._marks.add(words[-1])

    def part(self, *words: str) -> psutil.Process:
        """Find a process that the lab has started by words of its command line."""
        def found() -> list[psutil.Process]:
            return [one for one in self.own()
                    if all(word in " ".join(command_line(one)) for word in words)]

        wait_until(lambda: bool(found()), f"a process {words}")
        return found()[0]

    def await_nothing_left(self, patience_s: float = 20) -> None:
        """Wait until no process, control group and private folder of it is left."""
        wait_until(lambda: not self.left(), "nothing is left", patience_s, self.left)

    def left(self) -> list[str]:
        """Say what is left."""
        running = [f"{one.pid} {' '.join(command_line(one))[:90]}"
                   for one in self._seen | set(self.own()) if _runs(one)]
        groups = [str(path) for mark in self._marks
                  for path in Path("/sys/fs/cgroup").glob(f"**/twinstore-{mark[:12]}")]
        return running + groups + [str(path) for path in self.temporary.glob("twinstore-*")]

    def close(self) -> None:
        """End it, whatever a test has left of it."""
        if self.process.poll() is None:
            self.kill()
        self.process.wait(20)
        wait_until(lambda: not any(map(_runs, self.own())), "all have ended", 20)
        self._reader.join(20)
        if self.process.stdout:
            self.process.stdout.close()

    def own(self) -> list[psutil.Process]:
        """Find its processes by the variable, and by descent.

        PostgreSQL writes its title over its environment.
        """
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("TMPDIR") == str(self.temporary):
                    found += [process, *process.children(recursive=True)]
            except (psutil.Error, OSError):
                continue
        return found

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line)


@contextmanager
def labs(file: Path, results: Path) -> Iterator[Callable[..., Lab]]:
    """Start labs with a scenario file; after the block none is left."""
    temporary = Path(tempfile.mkdtemp(prefix="lab-of-a-test-"))
    temporary.chmod(0o711)  # as root the database runs as another user
    started: list[Lab] = []

    def start(*words: str, command: str = "run") -> Lab:
        options = ["--results", str(results), "--unverified"] if command == "run" else []
        started.append(Lab([command, *words, "--file", str(file), *options], temporary))
        return started[-1]

    try:
        yield start
    finally:
        for lab in started:
            lab.close()
        shutil.rmtree(temporary, ignore_errors=True)


def wait_until(is_true: Callable[[], bool], what: str, patience_s: float = PATIENCE_S,
               state: Callable[[], object] = str) -> None:
    """Poll; fail with what was waited for."""
    deadline = time.monotonic() + patience_s
    while not is_true():
        assert time.monotonic() < deadline, f"not within {patience_s} s: {what} {state()}"
        time.sleep(0.05)


def command_line(process: psutil.Process) -> list[str]:
    """Its words; none once it is gone."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
