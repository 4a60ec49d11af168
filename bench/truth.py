"""Are the generator's percentiles true?  Its rows against a server whose times are known.

    python -m bench truth [--rounds 4] [--seconds 12] [--rate 200] [--json]

The truth is known twice: the distribution that the server was told to serve from, and the
server's own record of each request.  Response times count from the intended instant to the
last byte, so they hold what lies outside the server too: connection, kernel, waking up.  That
offset is printed in milliseconds: it is the same for faster servers, and says from which
median on the 5 % would still hold.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from bench.known_process import serving
from bench.known_server import MOST, SHAPES, Record
from bench.open_load import Driven, Floats, drive
from bench.ratio import Ratio, agreement, show
from lab.budget.group import available_cores, divide_cores
from reports.estimate import percentile

TOLERANCE: Final = 0.05
QS: Final = (50.0, 95.0, 99.0)
_WARMUP_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Round:
    """One drive: percentiles by the generator, by the distribution, by the server's records.

    `is_trusted`: whether the lab would accept it as a trial.
    """

    ours_ms: list[float]
    distribution_ms: list[float]
    records_ms: list[float]
    locust_ms: list[float]
    outside_ms: Floats
    """Response time − service time, request by request."""
    lag_p99_ms: float
    is_trusted: bool


def measure(shape: str, rounds: int, seconds: float, rate: float) -> tuple[list[Ratio], str]:
    """Return three ratios against the distribution, three against the records, and the offset.

    A drive that the lab would reject as a trial is driven again, at most `rounds` times in all.
    """
    found: list[Round] = []
    rejected = 0
    while len(found) < rounds and rejected <= rounds:
        one = one_round(shape, seconds, rate, len(found) + rejected, 1.0)
        if one.is_trusted:
            found.append(one)
        else:
            rejected += 1
    if not found:
        raise RuntimeError(f"all {rejected} drives were rejected: the generator was late; is the "
                           "machine busy with something else?")
    outside = np.concatenate([one.outside_ms for one in found])
    ratios = []
    for index, q in enumerate(QS):
        ours = [one.ours_ms[index] for one in found]
        for truth_name, truth in (
                ("the distribution", [one.distribution_ms[index] for one in found]),
                ("the server's records", [one.records_ms[index] for one in found])):
            note = (f"{np.mean(ours):.2f} ms against {np.mean(truth):.2f} ms; Locust would have "
                    f"printed {np.mean([one.locust_ms[index] for one in found]):g}")
            ratios.append(agreement(f"{shape} p{q:g} / {truth_name}", ours, truth, TOLERANCE,
                                    note))
    middle, late = percentile(outside, 50), percentile(outside, 99)
    return ratios, (
        f"{shape}: outside the server p50 {middle:.3f} ms, p99 {late:.2f} ms, n = "
        f"{len(outside):,} requests: 5 % of the median hold from {middle / TOLERANCE:.1f} ms on; "
        f"generator lag p99 {max(one.lag_p99_ms for one in found):.2f} ms, "
        f"drives rejected for it: {rejected}")


def one_round(shape: str, seconds: float, rate: float, seed: int, scale: float) -> Round:
    """Drive one server once."""
    cores = divide_cores(available_cores())
    with tempfile.TemporaryDirectory(prefix="twinstore-bench-") as name:
        folder = Path(name)
        with serving(folder, cores.system, "--shape", shape, "--scale", str(scale),
                     "--seed", str(seed)) as server:
            driven = drive(server.url, folder, cores.generator,
                           [(_WARMUP_S, rate), (seconds, rate)], seed)
        return compare(driven, server.records, shape, scale)


def compare(driven: Driven, records: Sequence[Record], shape: str, scale: float) -> Round:
    """Hold rows against records, each row against its own.

    Raises RuntimeError when a request is missing, or was answered before it was sent.
    """
    by_number = {record.number: record for record in records}
    mine = [by_number[int(number)] for number in driven.numbers]
    if len(set(mine)) != len(mine) or len(records) != driven.summary.rows_written:
        raise RuntimeError(f"the server answered {len(records)} requests, the generator wrote "
                           f"{driven.summary.rows_written} rows")
    received = np.array([record.received for record in mine])
    answered = np.array([record.answered for record in mine])
    if (driven.send > received).any() or (answered > driven.end).any():
        raise RuntimeError("a row says that it was received before it was sent, or answered "
                           "after it ended")
    served_ms = (answered - received) * 1000
    summary = driven.summary
    return Round(
        [percentile(driven.response_ms, q) for q in QS],
        [1000 * scale * SHAPES[shape](q / 100) for q in QS],
        [percentile(served_ms, q) for q in QS],
        [summary.locust_p50_ms, summary.locust_p95_ms, summary.locust_p99_ms],
        driven.response_ms - np.array([record.service_s for record in mine]) * 1000,
        summary.lag_p99_ms, driven.is_trusted)


def main() -> int:
    """Read arguments, measure, print; say whether all percentiles are within 5 %."""
    parser = argparse.ArgumentParser(prog="python -m bench truth", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=4, help="drives of each distribution")
    parser.add_argument("--seconds", type=float, default=12.0, help="length of a drive")
    parser.add_argument("--rate", type=float, default=200.0, help="requests per second")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    if (given.seconds + _WARMUP_S) * given.rate > 0.9 * MOST:
        parser.error(f"one server answers {MOST:,} requests: ask for fewer seconds or a lower rate")
    found = [measure(shape, given.rounds, given.seconds, given.rate) for shape in SHAPES]
    if not given.json:
        sys.stdout.writelines(f"{offset}\n" for _, offset in found)
    return show([ratio for ratios, _ in found for ratio in ratios], as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
