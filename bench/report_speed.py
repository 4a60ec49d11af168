"""How long, and in how much memory, a report of 1,000,000 rows is built.

    python -m bench.report_speed [rows]

Targets: at most 15 s and 1.5 GB.  The rows are synthetic (tests/reports/synthetic.py) and are
made in a process of their own, so that only the report's memory is measured.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.ratio import MISSED

ROOT = Path(__file__).resolve().parent.parent
TARGET_S, TARGET_GB = 15.0, 1.5
_MAKE = """
import sys
sys.path[:0] = [{root!r}, {tests!r}]
from pathlib import Path
from synthetic import Planted, write_run
write_run(Path({folder!r}), Planted(pairs=20, rate={rate}, measure_s=30.0))
"""


@dataclass(frozen=True, slots=True)
class Speed:
    """One report: wall-clock seconds with imports, and the process's peak resident memory.
    CPU seconds tell a busy machine from a slow report."""

    rows: int
    seconds: float
    cpu_seconds: float
    gigabytes: float

    @property
    def meets_targets(self) -> bool:
        return self.seconds <= TARGET_S and self.gigabytes <= TARGET_GB

    def __str__(self) -> str:
        verdict = "meets the targets" if self.meets_targets else "misses a target"
        return (f"report of {self.rows:,} rows: {self.seconds:.1f} s "
                f"({self.seconds / TARGET_S:.2f} of the target), {self.gigabytes:.2f} GB "
                f"({self.gigabytes / TARGET_GB:.2f} of the target), {verdict}; "
                f"CPU time {self.cpu_seconds:.1f} s")


def measure(rows: int = 1_000_000) -> Speed:
    """Make a run of about so many rows and build its report in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        _make_run(Path(folder), rows)
        done = subprocess.run(
            [sys.executable, "-m", "bench.report_speed", "--build", folder],
            check=True, capture_output=True, text=True, cwd=ROOT, timeout=300)
    return Speed(**json.loads(done.stdout))


def _make_run(folder: Path, rows: int) -> None:
    rows_per_rate = 40 * 32.0 * 2.7  # trials x seconds x requests a journey
    script = _MAKE.format(root=str(ROOT), tests=str(ROOT / "tests" / "reports"),
                          folder=str(folder), rate=rows / rows_per_rate)
    subprocess.run([sys.executable, "-c", script], check=True, timeout=600)


def _build(folder: Path) -> str:
    """Build once in this process; return the fields of Speed as JSON."""
    import pyarrow.parquet as pq

    started = time.perf_counter()
    import reports

    reports.build(folder)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    unit = 1 if sys.platform == "darwin" else 1024
    return json.dumps({"rows": pq.read_metadata(folder / "requests.parquet").num_rows,
                       "seconds": seconds, "cpu_seconds": time.process_time(),
                       "gigabytes": peak * unit / 1e9})


if __name__ == "__main__":
    if sys.argv[1:2] == ["--build"]:
        sys.stdout.write(_build(Path(sys.argv[2])))
    else:
        speed = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
        sys.stdout.write(f"{speed}\n")
        sys.exit(0 if speed.meets_targets else MISSED)
