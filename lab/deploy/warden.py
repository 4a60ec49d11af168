"""The warden: whatever ends the lab, nothing it started stays behind.

A small process of its own (lab/deploy/sweep.py) holds the other end of a pipe to the lab.  The lab
writes a line for everything it starts; when the pipe closes (normal end, error, Ctrl-C or kill -9
alike) the warden ends what still runs, removes control groups and the run's private folder, and
goes.  A warden that is killed itself is replaced at once (docs/decisions/0180).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

from lab.errors import LabError

MARK: Final = "TWINSTORE_RUN"
_REPLACED: Final = 3
"""How often a warden that was killed is replaced; who kills more of them means it."""


class WardenError(LabError):
    """There is no warden any more, so nothing may be started."""


class Warden:
    """The lab's end of the pipe.  Started inside it, every process carries the run's mark."""

    def __init__(self, mark: str) -> None:
        self._mark = mark
        self._lock = threading.Lock()
        self._to_remove: list[str] = []
        """Lines about folders and groups: a successor must know them.  Processes it finds by
        their mark; an id from long ago may be somebody else's by now."""
        self._is_dismissed = False
        self.ends: list[int] = []
        """Exit codes of wardens that ended before they were dismissed."""
        self._process = self._begin()

    @property
    def pid(self) -> int:
        return self._process.pid

    def watch_process(self, pid: int, stop_signal: signal.Signals = signal.SIGTERM) -> None:
        """End this process and its group when the lab ends.  Raises WardenError."""
        self._tell(f"process {pid} {int(stop_signal)}")

    def watch_folder(self, path: Path) -> None:
        """Remove this folder when the lab ends; it need not exist yet.  Raises WardenError."""
        self._tell(f"folder {path}")

    def watch_control_group(self, path: Path) -> None:
        """Remove this control group when the lab ends; it need not exist yet.

        Raises WardenError.
        """
        self._tell(f"group {path}")

    def dismiss(self, patience_s: float = 20.0) -> None:
        """Close the pipe and wait until everything is gone.  Raises WardenError when it is not.

        Nothing can be registered from now on, so nothing more can be started.
        """
        with self._lock:
            self._is_dismissed = True
        if self._close(patience_s) != 0:  # killed before its work was done: one more does it
            self._process = self._begin()
            self._close(patience_s)

    def _begin(self) -> subprocess.Popen[str]:
        environ = {key: value for key, value in os.environ.items() if key != MARK}
        process = subprocess.Popen(
            [sys.executable, "-m", "lab.deploy.sweep", self._mark], stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, start_new_session=True, env=environ, text=True)
        with contextlib.suppress(OSError):
            self._write(process, self._to_remove)
        threading.Thread(target=self._replace, args=(process,), daemon=True).start()
        return process

    def _replace(self, process: subprocess.Popen[str]) -> None:
        """Wait for a warden's end; put another in its place unless it was dismissed."""
        code = process.wait()
        with self._lock:
            if self._is_dismissed:
                return
            with contextlib.suppress(OSError):
                assert process.stdin
                process.stdin.close()
            self.ends.append(code)
            if len(self.ends) <= _REPLACED:
                self._process = self._begin()

    def _close(self, patience_s: float) -> int:
        with contextlib.suppress(OSError):
            assert self._process.stdin
            self._process.stdin.close()
        try:
            return self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            raise WardenError(f"what this run started is not gone after {patience_s:.0f} s; the "
                              f"warden (process {self._process.pid}) goes on ending it") from None

    def _tell(self, line: str) -> None:
        with self._lock:
            if self._is_dismissed:
                raise WardenError("the run is over: nothing more is started")
            if len(self.ends) > _REPLACED:
                raise WardenError(
                    f"the warden was killed {len(self.ends)} times (code {self.ends[-1]}): without "
                    "it a lab that is killed would leave its processes behind")
            if not line.startswith("process"):
                self._to_remove.append(line)
            with contextlib.suppress(OSError):  # it has just been killed: its successor is told
                self._write(self._process, [line])

    @staticmethod
    def _write(process: subprocess.Popen[str], lines: list[str]) -> None:
        assert process.stdin
        process.stdin.writelines(f"{line}\n" for line in lines)
        process.stdin.flush()
