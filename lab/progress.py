"""Progress on the terminal: what is running and how long it still takes.

Rich draws a bar on a terminal; without one (CI, a file) each step is one plain line.
"""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn


class RunProgress:
    """One bar over the whole run, in forecast seconds."""

    def __init__(self, console: Console, total_s: float) -> None:
        self._console = console
        self._total_s = total_s
        self._done_s = 0.0
        self._began = time.monotonic()
        self._progress = Progress(
            SpinnerColumn(), BarColumn(bar_width=24), TextColumn("{task.fields[left]}"),
            TextColumn("{task.description}"), console=console, transient=True,
            disable=not console.is_terminal, refresh_per_second=4,
        )
        self._task = self._progress.add_task("starting", total=total_s, left="")

    def step(self, text: str) -> None:
        """Say what begins now."""
        left = self._left()
        self._progress.update(self._task, description=text, left=left)
        if not self._console.is_terminal:
            elapsed = time.monotonic() - self._began
            self._console.print(f"[{elapsed:5.0f} s] {text} ({left})", highlight=False,
                                markup=False, soft_wrap=True)

    def advance(self, forecast_s: float) -> None:
        """Something that was forecast to take so long is done."""
        self._done_s += forecast_s
        self._progress.update(self._task, completed=self._done_s, left=self._left())

    def say(self, text: str) -> None:
        """Print a line that stays."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def _left(self) -> str:
        left = max(0.0, self._total_s - self._done_s)
        return f"about {left / 60:.0f} min left" if left >= 90 else f"about {left:.0f} s left"

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._progress.stop()
