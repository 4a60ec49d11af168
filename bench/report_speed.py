"""How long, and in how much memory, a report of 1,000,000 rows is built.

    python -m bench report_speed [--rows 1000000] [--rounds 3] [--json]

Targets: at most 15 s and 1.5 GB; ten times the rows cost at most ten times the time; built
again, the report is the same to the byte.  The rows are synthetic (tests/reports/synthetic.py)
and are made in a process of their own, so that only the report's memory is measured.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from bench.ratio import MISSED, Ratio, paired_ratio

ROOT: Final = Path(__file__).resolve().parent.parent
TARGET_S, TARGET_GB = 15.0, 1.5
FEWER: Final = 10
"""The other run has so many times fewer rows."""
_MAKE: Final = """
import sys
sys.path[:0] = [{root!r}, {tests!r}]
from pathlib import Path
from synthetic import Planted, write_run
write_run(Path({folder!r}), Planted(pairs=20, rate={rate}, measure_s=30.0))
"""


@dataclass(frozen=True, slots=True)
class Speed:
    """One report: wall-clock seconds with imports, and the process's peak resident memory.

    CPU seconds tell a busy machine from a slow report; `digest` is of the report's files.
    """

    rows: int
    seconds: float
    cpu_seconds: float
    gigabytes: float
    digest: str

    @property
    def meets_targets(self) -> bool:
        return self.seconds <= TARGET_S and self.gigabytes <= TARGET_GB

    def __str__(self) -> str:
        verdict = "meets the targets" if self.meets_targets else "misses a target"
        return (f"report of {self.rows:,} rows: {self.seconds:.1f} s "
                f"({self.seconds / TARGET_S:.2f} of the target), {self.gigabytes:.2f} GB "
                f"({self.gigabytes / TARGET_GB:.2f} of the target), {verdict}; "
                f"CPU time {self.cpu_seconds:.1f} s")


@dataclass(frozen=True, slots=True)
class Result:
    """The slowest report of all rounds, the factor, and whether every build was the same."""

    slowest: Speed
    factor: Ratio
    is_identical: bool

    @property
    def is_met(self) -> bool:
        return self.slowest.meets_targets and self.factor.is_met and self.is_identical

    def __str__(self) -> str:
        same = "identical to the byte" if self.is_identical else "DIFFERENT: misses the target"
        return f"slowest {self.slowest}\n{self.factor}\nbuilt {self.factor.n} times: {same}"


def measure(rows: int, rounds: int) -> Result:
    """Make two runs, build their reports in turns, each in a fresh process."""
    many: list[Speed] = []
    few: list[Speed] = []
    with tempfile.TemporaryDirectory() as name:
        folders = Path(name) / "many", Path(name) / "few"
        for folder, count in zip(folders, (rows, rows // FEWER), strict=True):
            _make_run(folder, count)
        for _ in range(rounds):
            for folder, found in zip(folders, (many, few), strict=True):
                found.append(_built(folder))
    factor = paired_ratio(
        f"rows reported a second, {many[0].rows:,} rows / {few[0].rows:,} rows",
        [one.rows / one.seconds for one in many], [one.rows / one.seconds for one in few], 1.0,
        f"{many[0].rows / few[0].rows:.1f} × the rows in "
        f"{many[0].seconds / few[0].seconds:.1f} × the time")
    return Result(max(many, key=lambda one: one.seconds), factor,
                  all(len({one.digest for one in found}) == 1 for found in (many, few)))


def _make_run(folder: Path, rows: int) -> None:
    rows_per_rate = 40 * 32.0 * 2.7  # trials x seconds x requests a journey
    script = _MAKE.format(root=str(ROOT), tests=str(ROOT / "tests" / "reports"),
                          folder=str(folder), rate=rows / rows_per_rate)
    subprocess.run([sys.executable, "-c", script], check=True, timeout=600)


def _built(folder: Path) -> Speed:
    done = subprocess.run([sys.executable, "-m", "bench.report_speed", "--build", str(folder)],
                          check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT, timeout=300)
    return Speed(**json.loads(done.stdout))


def _build(folder: Path) -> str:
    """Build once in this process; return the fields of Speed as JSON."""
    import pyarrow.parquet as pq

    started = time.perf_counter()
    import reports

    written = reports.build(folder)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    unit = 1 if sys.platform == "darwin" else 1024
    return json.dumps({"rows": pq.read_metadata(folder / "requests.parquet").num_rows,
                       "seconds": seconds, "cpu_seconds": time.process_time(),
                       "gigabytes": peak * unit / 1e9, "digest": digest(written.html.parent)})


def digest(report: Path) -> str:
    """Name and content of every file of a report, as one hash."""
    found = hashlib.sha256()
    for path in sorted(path for path in report.rglob("*") if path.is_file()):
        found.update(f"{path.relative_to(report)}\0".encode())
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def main() -> int:
    """Read arguments, measure, print; say whether all targets are met."""
    parser = argparse.ArgumentParser(prog="python -m bench report_speed", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="about so many")
    parser.add_argument("--rounds", type=int, default=3, help="builds of each run")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--build", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.build:
        sys.stdout.write(_build(given.build))
        return 0
    result = measure(given.rows, max(2, given.rounds))
    if given.json:
        json.dump(asdict(result), sys.stdout, indent=1)
    else:
        sys.stdout.write(f"{result}\n")
    return 0 if result.is_met else MISSED


if __name__ == "__main__":
    sys.exit(main())
