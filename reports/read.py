"""A run's files, validated: another schema version is refused with words, not misread."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from contract.results import SCHEMA_VERSION, TABLES
from contract.run_record import RunRecord, TrialRecord

_COLUMNS = ["trial", "journey_no", "step", "feature", "endpoint", "intended_s", "dispatch_s",
            "send_s", "end_s", "status", "outcome", "service_calls", "bytes", "statements",
            "sql_rows"]


class UnreadableRun(ValueError):
    """The folder is not a run, or one of another schema version; the message says which."""


@dataclass(frozen=True, slots=True)
class Run:
    """Everything a report is made of.

    `requests` has the columns of contract.results.REQUESTS that reports use, and
        arrival_s     when the journey arrived by schedule (its step 0)
        lag_ms        dispatch - intended, float32: how late the generator was; NaN when the
                      request was never released (takes the place of dispatch_s)
        response_ms   end - intended; NaN when no answer came
        service_ms    end - send; NaN when no answer came
        latency_ms    response_ms of step 0, service_ms of later steps; infinite when the
                      right answer did not come: such a request ranks as the slowest
        right, good   bool: right answer; right answer within the trial's objective
    """

    folder: Path
    record: RunRecord
    requests: pd.DataFrame
    audit: pd.DataFrame
    trials: dict[int, TrialRecord]

    def measured(self, trial: TrialRecord) -> pd.DataFrame:
        """Rows of a trial that were intended after its warm-up."""
        rows = self.rows(trial)
        return rows[rows["intended_s"].to_numpy() >= trial.warmup_s]

    def ended(self, trial: TrialRecord) -> pd.DataFrame:
        """Rows of a trial that ended within its measured window: what CPU, memory and bytes of
        the window were spent on (docs/decisions/0224-cost-by-what-ended-in-the-window.md)."""
        rows = self.rows(trial)
        end_s = rows["end_s"].to_numpy()
        return rows[(end_s >= trial.warmup_s) & (end_s < trial.warmup_s + trial.measure_s)]

    def rows(self, trial: TrialRecord) -> pd.DataFrame:
        """All rows of a trial (rows of one trial stand together)."""
        column = self.requests["trial"].to_numpy()
        first, last = np.searchsorted(column, [trial.id, trial.id + 1])
        return self.requests.iloc[first:last]


def read_run(folder: Path) -> Run:
    """Read and check a run's folder."""
    record = _read_record(folder / "run.json")
    trials = {trial.id: trial for trial in record.trials}
    requests = _derive(_read_table(folder, "requests", _COLUMNS), trials)
    return Run(folder, record, requests, _read_table(folder, "audit"), trials)


def _read_record(path: Path) -> RunRecord:
    try:
        document: dict[str, Any] = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise UnreadableRun(f"{path.parent} is not a run: it has no run.json") from None
    except ValueError as error:
        raise UnreadableRun(f"{path} is not JSON ({error}); was the disk full?") from None
    _check_version(document.get("schema_version"), path)
    try:
        return RunRecord.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UnreadableRun(f"{path}: {where}: {first['msg']}") from None


def _read_table(folder: Path, name: str, columns: list[str] | None = None) -> pd.DataFrame:
    path = folder / f"{name}.parquet"
    schema = TABLES[name]
    if not path.exists():
        raise UnreadableRun(f"{path} is missing; `twinstore report` merges an unfinished run")
    found = pq.read_schema(path)
    _check_version((found.metadata or {}).get(b"schema_version"), path)
    wanted = columns or schema.names
    missing = [name for name in wanted if name not in found.names]
    if missing:
        raise UnreadableRun(f"{path} lacks the columns {', '.join(missing)}")
    table: pa.Table = pq.read_table(path, columns=wanted)
    if name == "requests":
        table = table.sort_by([("trial", "ascending"), ("intended_s", "ascending"),
                               ("journey_no", "ascending"), ("step", "ascending")])
    frame: pd.DataFrame = table.to_pandas(self_destruct=True)
    return frame


def _check_version(found: Any, path: Path) -> None:
    version = found.decode() if isinstance(found, bytes) else found
    if str(version) != str(SCHEMA_VERSION):
        raise UnreadableRun(
            f"{path} has schema version {version}, this report reads {SCHEMA_VERSION}: "
            "use the version of twinstore that recorded it")


def _derive(rows: pd.DataFrame, trials: dict[int, TrialRecord]) -> pd.DataFrame:
    arrival = _arrivals(rows)
    intended = rows["intended_s"].to_numpy()
    rows["intended_s"] = np.where(np.isnan(intended), arrival, intended)
    outcome = rows["outcome"].astype("category")
    codes = {str(name): code for code, name in enumerate(outcome.cat.categories)}
    code = outcome.cat.codes.to_numpy()
    right = code == codes.get("ok", -2)
    answered = right | np.isin(code, [codes.get("status", -2), codes.get("body", -2)])
    response = np.where(answered, (rows["end_s"] - rows["intended_s"]) * 1000, np.nan)
    service = np.where(answered, (rows["end_s"] - rows["send_s"]) * 1000, np.nan)
    first = rows["step"].to_numpy() == 0
    slo = rows["trial"].map({key: trial.slo_ms for key, trial in trials.items()}).to_numpy()
    lag = (rows.pop("dispatch_s") - rows["intended_s"]) * 1000
    rows["arrival_s"], rows["lag_ms"] = arrival, lag.astype(np.float32)
    rows["response_ms"], rows["service_ms"] = response, service
    rows["latency_ms"] = np.where(right, np.where(first, response, service), np.inf)
    rows["right"] = right
    with np.errstate(invalid="ignore"):
        rows["good"] = right & (response <= slo)
    for name in ("feature", "endpoint"):
        rows[name] = rows[name].astype("category")
    return rows


def _arrivals(rows: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.float64]]:
    """When each row's journey arrived: the intended instant of its step 0."""
    key = rows["trial"].to_numpy(np.int64) * (1 << 40) + rows["journey_no"].to_numpy(np.int64)
    first = rows["step"].to_numpy() == 0
    order = np.argsort(key[first], kind="stable")
    known, at = key[first][order], rows["intended_s"].to_numpy()[first][order]
    if not len(known):
        return rows["intended_s"].to_numpy(np.float64)
    place = np.minimum(np.searchsorted(known, key), len(known) - 1)
    found: np.ndarray[Any, np.dtype[np.float64]] = np.where(
        known[place] == key, at[place], rows["intended_s"].to_numpy())
    return found
