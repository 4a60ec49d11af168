"""Drive the lab's own load generator, as a trial does, against any server of products."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow.parquet as pq

from contract.load import LoadSpec, LoadSummary, Workload
from lab.generator import Generator
from reports.estimate import percentile
from reports.guards import Thresholds

CONCURRENCY: Final = 300
_DRAIN_S: Final = 10.0

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Driven:
    """The rows of the measured window, column by column, and what the generator says of itself.

    Instants are `perf_counter` seconds.  `numbers`: the rows of SQL that the answers claimed.
    """

    intended: Floats
    send: Floats
    end: Floats
    numbers: np.ndarray[Any, np.dtype[np.int64]]
    summary: LoadSummary

    @property
    def response_ms(self) -> Floats:
        return (self.end - self.intended) * 1000

    @property
    def is_trusted(self) -> bool:
        """Whether the lab's guards of the generator would let this pass as a trial."""
        limits, told = Thresholds(), self.summary
        lag_ms = max(limits.lag_p99_ms, 0.2 * percentile(self.response_ms, 50))
        return (told.lag_p99_ms <= lag_ms and told.lag_max_ms <= limits.lag_max_ms
                and told.measured_cpu_share <= limits.generator_cpu)


def drive(url: str, folder: Path, cpus: Sequence[int], profile: list[tuple[float, float]],
          seed: int) -> Driven:
    """Read products at the profile's rates (seconds, per second; the first is the warm-up).

    Raises RuntimeError when an answer is not the right one, or a row is missing.
    """
    tokens = folder / "tokens"
    tokens.write_text("token\n" * CONCURRENCY, encoding="ascii")
    spec = LoadSpec(
        trial=1, base_url=url, workload=Workload(weights={"read_product": 1}),
        rate_profile=profile, seed=seed, concurrency=CONCURRENCY, drain_s=_DRAIN_S,
        tokens_file=str(tokens), requests_path=str(folder / "rows.parquet"),
        summary_path=str(folder / "summary.json"))
    log = folder / "generator.log"
    with Generator(spec, folder / "load.json", log, list(cpus)) as generator:
        generator.await_ready()
        generator.go()
        summary = generator.finish(sum(seconds for seconds, _ in profile) + _DRAIN_S + 30)
    rows = pq.read_table(spec.requests_path).to_pandas()
    wrong = set(rows["outcome"]) - {"ok"}
    if wrong or summary.rows_written != summary.rows_scheduled:
        raise RuntimeError(f"{summary.rows_written} of {summary.rows_scheduled} rows, outcomes "
                           f"besides ok: {', '.join(sorted(wrong)) or 'none'}; see {log}")
    rows = rows[rows["intended_s"] >= profile[0][0]]
    instants = {name: rows[f"{name}_s"].to_numpy(float) + summary.started_perf_s
                for name in ("intended", "send", "end")}
    return Driven(instants["intended"], instants["send"], instants["end"],
                  rows["sql_rows"].to_numpy(np.int64), summary)
