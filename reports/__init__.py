"""From a run's files to three reports: latency, scaling, failure isolation.

    read ─▶ guards ─▶ latency · scaling · isolation ─▶ verdicts ─▶ figures ─▶ page, report.md
                          (all through estimate)

Reads files only.  Built twice from the same files, the report is the same byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Report:
    """Where a report was written, and what it says first."""

    html: Path
    markdown: Path
    headlines: list[str]


def build(run_dir: Path, on_progress: Callable[[str], None] | None = None) -> Report:
    """Write `run_dir/report/`; raise `reports.read.UnreadableRun` when the files can't be used.

    `on_progress` is told in a few words what is being done.
    """
    from reports.compose import compose  # matplotlib and SciPy only when a report is built

    return compose(run_dir, on_progress or (lambda _: None))
