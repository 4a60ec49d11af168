"""What a run says when it stops before its end: what is kept and how to go on."""

from __future__ import annotations

import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import Final

from lab.disk import DiskFullError, what_is_full

NAME: Final = "twinstore"


def program() -> str:
    """What to type for this program, as it was called: `twinstore`, or `.venv/bin/twinstore`."""
    called = Path(sys.argv[0])
    return quote(str(called)) if called.name == NAME and shutil.which(NAME) is None else NAME


def next_command(folder: Path, scenario: str) -> str:
    """The command that goes on; the one that begins anew when nothing is recorded yet."""
    return (f"{program()} run --resume {quote(str(folder))}" if (folder / "run.json").exists()
            else f"{program()} run {scenario}")


def words_at_a_stop(folder: Path, scenario: str) -> str:
    """Say what is kept and what to do now."""
    go_on = next_command(folder, scenario)
    if not (folder / "run.json").exists():
        return f"Stopped before anything was recorded.\n  begin again:  {go_on}"
    return (f"Stopped. What was recorded is kept.\n"
            f"  go on:  {go_on}\n"
            f"  report: {program()} report {quote(str(folder))}")


def full_disk(error: BaseException, folder: Path, scenario: str) -> DiskFullError:
    """Say which disk is full and what to do; `error` is one that `lab.disk.is_full`."""
    return DiskFullError(f"Stopped: {what_is_full(error, folder)}.\n"
                         "What was recorded is kept. Free some space there, then:\n"
                         f"  {next_command(folder, scenario)}")


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let no further Ctrl-C cut off what is said in the block: all else has ended by then."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
