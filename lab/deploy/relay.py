"""The relay of one stack: a process of its own between the services, and the words for it."""

from __future__ import annotations

import contextlib
import json
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lab.budget.group import pin_new
from lab.budget.priority import prefer
from lab.deploy.ports import HOST, free_ports
from lab.deploy.processes import PortTakenError, Register, kill_group, means_taken, tail
from lab.errors import LabError

_PATIENCE_S: Final = 10.0
_LEVEL: Final = 2
"""Before the generator (1) on the core that they share: its work is done in 20 µs at a time."""


class RelayError(LabError):
    """The relay did not start, or does not obey."""


@dataclass(frozen=True, slots=True)
class RelayUse:
    """What a relay says of itself.

    `delivered_bytes`: so far, by service.  `late`: deliveries after a distance since the last
    reading, as (upper bound of lateness in ms, count); the last bound is None.
    """

    delivered_bytes: dict[str, int]
    late: list[tuple[float | None, int]]

    def late_share(self, over_ms: float) -> float:
        """Share of the deliveries that were later than one of the bounds, 0 to 1."""
        total = sum(count for _, count in self.late)
        over = sum(count for bound, count in self.late if bound is None or bound > over_ms)
        return over / total if total else 0.0


class Relay:
    """A port in front of each service's listener.  `targets`: listener port by service."""

    def __init__(self, targets: Mapping[str, int]) -> None:
        self.targets = dict(targets)
        self.ports = dict(zip(self.targets, free_ports(len(self.targets)), strict=True))
        self._lock = threading.Lock()
        self._is_stopping = False
        self._process: subprocess.Popen[str] | None = None

    def start(self, environ: Mapping[str, str], log: Path, register: Register,
              cpus: list[int]) -> None:
        """Start it on these cores, outside every budget.

        Raises RelayError, PortTakenError.
        """
        links = [f"{name}:{port}:{self.targets[name]}" for name, port in self.ports.items()]
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "relay", "--host", HOST, *links], env=dict(environ),
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
                start_new_session=True)
        self._log = log
        register(self._process.pid, signal.SIGTERM)
        pin_new(self._process.pid, cpus)
        prefer(self._process.pid, _LEVEL)
        if (said := self._hear()) != "ready":
            self.stop()
            kind = PortTakenError if means_taken(said) else RelayError
            raise kind(f"the relay did not start; {log}:\n{said or tail(log)}")

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def on_end(self, tell: Callable[[int], None]) -> None:
        """Tell the exit code if it ends without having been stopped."""
        def wait() -> None:
            assert self._process
            code = self._process.wait()
            if not self._is_stopping:
                tell(code)

        threading.Thread(target=wait, daemon=True).start()

    def require_alive(self) -> None:
        """Raise RelayError when it has ended."""
        assert self._process
        if (code := self._process.poll()) is not None:
            raise RelayError(f"the relay ended with code {code}; {self._log}:\n{tail(self._log)}")

    def set_distance(self, milliseconds: float, service: str = "") -> None:
        """Put a distance on each way to a service, or to all.  Raises RelayError."""
        self._order(f"distance {milliseconds:.9g} {service}")

    def cut(self, service: str = "") -> None:
        """Reset connections to a service, or to all, and refuse new ones.  Raises RelayError."""
        self._order(f"cut {service}")

    def hang(self, service: str = "") -> None:
        """Let nothing through to or from a service, or all, any more.  Raises RelayError."""
        self._order(f"hang {service}")

    def restore(self, service: str = "") -> None:
        """Undo `cut` and `hang`.  Raises RelayError."""
        self._order(f"restore {service}")

    def read(self) -> RelayUse:
        """Read its counters; lateness is counted anew from then on.  Raises RelayError."""
        said: dict[str, Any] = json.loads(self._ask("read"))
        return RelayUse({name: link["delivered_bytes"] for name, link in said["links"].items()},
                        [(bound, count) for bound, count in said["late"]])

    def stop(self) -> None:
        """End it, by closing its input."""
        self._is_stopping = True
        if not self._process:
            return
        assert self._process.stdin
        assert self._process.stdout
        with self._lock:
            with contextlib.suppress(BrokenPipeError):  # it has ended before
                self._process.stdin.close()
            try:
                self._process.wait(2)
            except subprocess.TimeoutExpired:
                kill_group(self._process.pid)
                self._process.wait(5)
            self._process.stdout.close()

    def _order(self, words: str) -> None:
        if (said := self._ask(words.strip())) != "ok":
            raise RelayError(f"the relay did not obey {words.strip()!r}: {said}")

    def _ask(self, words: str) -> str:
        assert self._process
        assert self._process.stdin
        with self._lock:
            try:
                self._process.stdin.write(words + "\n")
                self._process.stdin.flush()
            except OSError as gone:
                raise RelayError(f"the relay is gone: {tail(self._log)}") from gone
            return self._hear() or f"(it ended) {tail(self._log)}"

    def _hear(self) -> str:
        assert self._process
        assert self._process.stdout
        if not select.select([self._process.stdout], [], [], _PATIENCE_S)[0]:
            raise RelayError(f"the relay does not answer; {self._log}:\n{tail(self._log)}")
        return self._process.stdout.readline().strip()
