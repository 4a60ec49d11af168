"""The load generator as a child process: start it, let it go, wait for its rows.

    READY    all users are spawned                 → the lab may write "go"
    STARTED  t (perf_counter at second 0)          → faults and samples are timed from t
    DONE     requests and summary are on the disk (`DONE cut off`: by a signal, before its time)
    FAILED   errno and words: they could not be written
"""

from __future__ import annotations

import contextlib
import queue
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from contract.load import LoadSpec, LoadSummary
from lab.budget.group import pin
from lab.budget.priority import prefer
from lab.deploy.processes import says_taken, tail
from lab.errors import LabError
from loadtests.command import command_for

_START_S: Final = 30.0


class GeneratorError(LabError):
    """The load generator failed; the message says where its log is."""


class PageTaken(GeneratorError):
    """The port of Locust's page is somebody else's; nothing was sent yet."""


class Generator:
    """One trial's load generator."""

    def __init__(self, spec: LoadSpec, spec_path: Path, log: Path, cpus: list[int],
                 *, web_port: int | None = None, mark: Mapping[str, str] | None = None) -> None:
        """`mark`: by which the warden knows it before it is registered."""
        self._spec = spec
        self._log = log
        self._has_page = web_port is not None
        spec_path.write_text(spec.model_dump_json(indent=1), encoding="utf-8")
        launch = command_for(spec_path, web_port=web_port)
        self._stderr = log.open("ab")
        self._said_before = self._stderr.tell()
        """Bytes of the log that are earlier trials'."""
        self._process = subprocess.Popen(
            launch.argv, env=launch.environ | dict(mark or {}), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self._stderr, text=True, start_new_session=True,
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
        """Block until all users are spawned.

        Raises PageTaken: Locust would go on without the page and say so in its log only.
        """
        self._await("TWINSTORE READY", _START_S)
        if self._has_page and says_taken(self._log, self._said_before):
            raise PageTaken(f"the port of Locust's page is taken; {self._log}:\n"
                            f"{tail(self._log, self._said_before)}")

    def go(self) -> float:
        """Start the load; return `perf_counter` at second 0."""
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError):  # it has ended: the next line read says so
            self._process.stdin.write("go\n")
            self._process.stdin.flush()
        return float(self._await("TWINSTORE STARTED", _START_S).split()[-1])

    def finish(self, patience_s: float) -> LoadSummary:
        """Wait for the end; return what the generator says of itself.

        Raises GeneratorError when it was cut off, OSError when it could not write its rows.
        """
        if self._await("TWINSTORE DONE", patience_s).endswith("cut off"):
            raise self._ended("was ended before its time")
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
                with contextlib.suppress(BrokenPipeError):  # "go" that nobody read
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
                raise self._ended()
            if line.startswith("TWINSTORE FAILED"):
                number, _, words = line.removeprefix("TWINSTORE FAILED ").partition(" ")
                raise OSError(int(number), words, self._spec.requests_path)
            if line.startswith(word):
                return line
        raise GeneratorError(f"the load generator did not say {word!r} within "
                             f"{patience_s:.0f} s; see {self._log}")

    def _ended(self, how: str = "ended early") -> GeneratorError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        return GeneratorError(
            f"the load generator {how} (code {self._process.returncode}); {self._log}:\n"
            f"{tail(self._log, self._said_before)}")
