"""The load generator as a child process: start it, let it go, wait for its rows.

    READY    all users are spawned                 → the lab may write "go"
    STARTED  t (perf_counter at second 0)          → faults and samples are timed from t
    DONE     requests and summary are on the disk
"""

from __future__ import annotations

import queue
import subprocess
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from contract.load import LoadSpec, LoadSummary
from lab.budget.group import pin
from lab.budget.priority import prefer
from lab.errors import LabError
from loadtests.command import command_for

_START_S: Final = 30.0


class GeneratorError(LabError):
    """The load generator failed; the message says where its log is."""


class Generator:
    """One trial's load generator."""

    def __init__(self, spec: LoadSpec, spec_path: Path, log: Path, cpus: list[int],
                 *, web_port: int | None = None) -> None:
        self._spec = spec
        self._log = log
        spec_path.write_text(spec.model_dump_json(indent=1), encoding="utf-8")
        launch = command_for(spec_path, web_port=web_port)
        self._stderr = log.open("ab")
        self._process = subprocess.Popen(
            launch.argv, env=launch.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self._stderr, text=True, start_new_session=True,
        )
        pin(self._process.pid, cpus)
        prefer(self._process.pid)
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def await_ready(self) -> None:
        """Block until all users are spawned."""
        self._await("TWINSTORE READY", _START_S)

    def go(self) -> float:
        """Start the load; return `perf_counter` at second 0."""
        assert self._process.stdin
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        return float(self._await("TWINSTORE STARTED", _START_S).split()[-1])

    def finish(self, patience_s: float) -> LoadSummary:
        """Wait for the end; return what the generator says of itself."""
        self._await("TWINSTORE DONE", patience_s)
        return LoadSummary.model_validate_json(Path(self._spec.summary_path).read_bytes())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(timeout=5)
        self._reader.join(timeout=5)
        for stream in (self._process.stdin, self._process.stdout, self._stderr):
            if stream:
                stream.close()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._lines.put(line.strip())
        self._lines.put(None)

    def _await(self, word: str, patience_s: float) -> str:
        deadline = time.monotonic() + patience_s
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = self._lines.get(timeout=left)
            except queue.Empty:
                break
            if line is None:
                raise GeneratorError(f"the load generator ended early; see {self._log}")
            if line.startswith(word):
                return line
        raise GeneratorError(f"the load generator did not say {word!r} within "
                             f"{patience_s:.0f} s; see {self._log}")
