"""Every fault × both stores × both postures × several seeds: is anything lost, is all finished?

    python -m bench soak [--seeds 11 12 13] [--at-once 2] [--scenario chaos_replicated] [--json]
    python -m bench soak --read results/RUN [results/RUN ...]

Runs the scenario once for each seed and checks the kept books of every trial again.
Targets: three seeds; every fault of the catalogue met in both stores and both postures; no
violation of I1–I7; every fault acted in every store that has its place; every checkout finished
within 10 s of recovery, that is since the fault is cleared and whoever ended is ready again.
Runs may go at the same time, since no speed is measured; more than two starve on two cores.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow.parquet as pq

from bench.ratio import MISSED
from contract.posture import POSTURES
from contract.run_record import FaultRecord, RunRecord, TrialRecord
from lab.audit.again import Line, audit_again
from lab.run_folder import RunFolder

FINISHED_S: Final = 10.0
"""So soon after recovery every checkout must be finished."""
SEEDS: Final = 3


@dataclass(frozen=True, slots=True)
class Cell:
    """One store in one posture.

    `acted`: faults that acted × seeds; `absent`: of a place that the store does not have;
    `void`: the names of those that proved nothing.  `waits_s`: from recovery to books at rest, one
    a trial, looked at from the end of the drain on; `unfinished`: trials that never came to rest.
    """

    topology: str
    posture: str
    acted: int
    absent: int
    void: list[str]
    waits_s: list[float]
    unfinished: int

    @property
    def is_met(self) -> bool:
        return (not self.void and not self.unfinished and bool(self.waits_s)
                and max(self.waits_s) <= FINISHED_S)

    def __str__(self) -> str:
        waits = (f"books at rest {np.median(self.waits_s):.1f} s after recovery (median), "
                 f"{max(self.waits_s):.1f} s at most" if self.waits_s else "no fault acted")
        void = f"; void: {', '.join(self.void)}" if self.void else ""
        stuck = f"; never at rest: {self.unfinished}" if self.unfinished else ""
        return (f"{self.topology}, {self.posture}: {self.acted} faults acted, {self.absent} have "
                f"no place there{void}; {waits}{stuck}: {'meets' if self.is_met else 'misses'}")


@dataclass(frozen=True, slots=True)
class Soak:
    """`trials`: with books, those without a fault included; `details`: the first violations.

    `short`: what was not measured at all, and so is not shown.
    """

    runs: list[str]
    short: list[str]
    trials: int
    lines: list[Line]
    cells: list[Cell]
    details: list[str]

    @property
    def is_met(self) -> bool:
        return (bool(self.cells) and not self.short and all(cell.is_met for cell in self.cells)
                and not any(line.violations for line in self.lines))

    def __str__(self) -> str:
        books = [f"{one.invariant} {one.topology}: {one.violations} violations of {one.checked:,}"
                 + (f", rate below {one.bound:.1e} (95 %)" if one.bound is not None else "")
                 for one in self.lines]
        missing = [f"{one}: misses" for one in self.short]
        return "\n".join([f"{len(self.runs)} runs, {self.trials:,} trials with books", *missing,
                          *map(str, self.cells), *books, *self.details])


def soak_of(folders: Sequence[Path]) -> Soak:
    """Check the books of recorded runs and sum up.  Raises AuditError when there are none."""
    audits = [audit_again(folder) for folder in folders]
    records = [RunFolder(folder).read_record() for folder in folders]
    return Soak([record.run for record in records], list(_short(records)),
                sum(one.trials for one in audits),
                _summed(line for one in audits for line in one.lines),
                list(_cells(folders, records)), [text for one in audits for text in one.details])


def _short(records: Sequence[RunRecord]) -> Iterator[str]:
    seeds = {record.seed for record in records}
    if len(seeds) < SEEDS:
        yield f"{len(seeds)} of {SEEDS} seeds"
    for record in records:
        run = f"{record.run} (seed {record.seed})"
        if not record.finished:
            yield f"{run} was cut off"
        stores = record.scenario_resolved.get("topologies", [])
        wanted = {(fault, store, posture) for fault in record.definitions.get("faults", {})
                  for store in stores for posture in POSTURES}
        met = {(t.fault.name, t.topology, t.posture) for t in record.trials
               if t.fault and t.status != "rejected"}
        if not wanted or wanted - met:
            yield (f"{run} met {len(wanted & met)} of {len(wanted)} cells (fault × store × "
                   "posture)")


def _summed(lines: Iterable[Line]) -> list[Line]:
    sums: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        sums.setdefault((line.invariant, line.topology), []).append(line)
    found = []
    for (invariant, topology), own in sorted(sums.items()):
        checked, violations = sum(o.checked for o in own), sum(o.violations for o in own)
        found.append(Line(topology, invariant, own[0].meaning, checked, violations,
                          min(1.0, 3 / checked) if checked and not violations else None))
    return found


@dataclass(frozen=True, slots=True)
class _Broken:
    """A trial with a fault; `recovered_s`: cleared, and whoever had ended was ready again."""

    trial: TrialRecord
    fault: FaultRecord
    recovered_s: float


def _cells(folders: Sequence[Path], records: Sequence[RunRecord]) -> Iterator[Cell]:
    broken = [one for folder, record in zip(folders, records, strict=True)
              for one in _last_attempts(folder, record)]
    for topology, posture in sorted({(b.trial.topology, b.trial.posture) for b in broken}):
        last = [b for b in broken if (b.trial.topology, b.trial.posture) == (topology, posture)]
        acted = [b for b in last if b.fault.applies and not b.fault.void
                 and b.trial.status != "rejected"]
        waits = [b.trial.consistent_at_s - b.recovered_s for b in acted
                 if b.trial.consistent_at_s is not None]
        void = Counter(b.fault.name for b in last if b.fault.void)
        yield Cell(topology, posture, len(acted),
                   sum(not b.fault.applies for b in last),
                   [name if n == 1 else f"{name} (×{n})" for name, n in void.items()],
                   waits, len(acted) - len(waits))


def _last_attempts(folder: Path, record: RunRecord) -> list[_Broken]:
    """Of a fault that proved nothing at first, the last measurement counts."""
    ready = _last_ready_s(folder)
    last = {(t.pair, t.topology): _Broken(t, t.fault, max(t.fault.cleared_at_s or 0.0,
                                                         ready.get((t.id, t.topology), 0.0)))
            for t in record.trials if t.fault}
    return list(last.values())


def _last_ready_s(folder: Path) -> dict[tuple[int, str], float]:
    """When the last part that had ended was ready again, by trial and store."""
    path = folder / "events.parquet"
    if not path.exists():
        return {}
    rows = pq.read_table(path, columns=["trial", "t_s", "topology", "kind"]).to_pylist()
    rows.sort(key=lambda row: row["t_s"])
    return {(row["trial"], row["topology"]): row["t_s"] for row in rows if row["kind"] == "ready"}


def run_seeds(scenario: str, seeds: Sequence[int], at_once: int, results: Path) -> list[Path]:
    """Run the scenario for each seed, in folders of their own.

    Exit code 1 may mean violations, which are a result, or a run that stopped: its record tells.
    Raises CalledProcessError for any other code, and for a run that recorded nothing.
    """
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(lambda seed: _run(scenario, seed, results / f"soak-{seed}"), seeds))


def _run(scenario: str, seed: int, results: Path) -> Path:
    argv = [sys.executable, "-m", "lab", "run", scenario, "--seed", str(seed),
            "--results", str(results)]
    before = set(results.glob("*/run.json"))
    done = subprocess.run(argv, stdout=sys.stderr, check=False)
    made = set(results.glob("*/run.json")) - before
    if done.returncode not in (0, 1) or not made:
        raise subprocess.CalledProcessError(done.returncode, argv)
    return max(made).parent


def main() -> int:
    """Read arguments, run, print; say whether all targets are met."""
    parser = argparse.ArgumentParser(prog="python -m bench soak", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13], metavar="N")
    parser.add_argument("--scenario", default="chaos", help="chaos or chaos_replicated")
    parser.add_argument("--at-once", type=int, default=1, help="how many runs at the same time")
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--read", type=Path, nargs="+", metavar="RUN",
                        help="don't run: sum up recorded runs")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    found = soak_of(given.read or run_seeds(given.scenario, given.seeds, given.at_once,
                                            given.results))
    if given.json:
        json.dump(asdict(found), sys.stdout, indent=1)
    else:
        sys.stdout.write(f"{found}\n")
    return 0 if found.is_met else MISSED


if __name__ == "__main__":
    sys.exit(main())
