"""The run's folder: nothing recorded is lost, whatever ends the lab.

While a run goes on, each trial's rows stand in files of their own (written whole, then
renamed) and `run.json` is replaced after every trial.  At the end, or by `twinstore report`,
the parts are merged into the four tables.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from contract.results import SCHEMA_VERSION, TABLES, write_table
from contract.run_record import RunRecord


class RunFolder:
    """`results/<run>/` and the places in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.logs = path / "logs"
        self.parts = path / "trials"

    @classmethod
    def create(cls, results: Path, scenario: str) -> RunFolder:
        """Make a new folder named by start time (UTC) and scenario."""
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        for suffix in ("", *(f"-{number}" for number in range(2, 100))):
            folder = cls(results / f"{stamp}-{scenario}{suffix}")
            try:
                folder.path.mkdir(parents=True)
            except FileExistsError:
                continue
            folder.logs.mkdir()
            folder.parts.mkdir()
            return folder
        raise FileExistsError(f"too many runs at {stamp} in {results}")

    @property
    def name(self) -> str:
        return self.path.name

    def part(self, trial: int, table: str) -> Path:
        """The file that holds one trial's rows of one table."""
        return self.parts / f"{trial:05d}.{table}.parquet"

    def books(self, trial: int) -> Path:
        """The file that holds a store's books after one trial."""
        return self.parts / f"{trial:05d}.books.json.gz"

    def save_rows(self, trial: int, table: str, rows: list[tuple[object, ...]]) -> None:
        """Write one trial's rows, whole or not at all."""
        write_table(rows, TABLES[table], self.part(trial, table))

    def save_record(self, record: RunRecord) -> None:
        """Replace run.json, whole or not at all."""
        partial = self.path / "run.json.partial"
        partial.write_text(record.model_dump_json(indent=1) + "\n", encoding="utf-8")
        partial.replace(self.path / "run.json")

    def read_record(self) -> RunRecord:
        """Read run.json back."""
        return RunRecord.model_validate_json((self.path / "run.json").read_bytes())

    @property
    def has_report(self) -> bool:
        """Reports are put in place whole."""
        return (self.path / "report").exists()

    def remove_report(self) -> None:
        """Remove a report that was written while the run was not finished."""
        shutil.rmtree(self.path / "report", ignore_errors=True)

    def merge(self) -> None:
        """Make the four tables from the parts of all trials that run.json lists."""
        known = {trial.id for trial in self.read_record().trials} | {-1}
        for table, schema in TABLES.items():
            parts = [path for path in sorted(self.parts.glob(f"*.{table}.parquet"))
                     if int(path.name.split(".")[0]) in known]
            if not parts and (self.path / f"{table}.parquet").exists():
                continue
            merged = pa.concat_tables([pq.read_table(path).cast(schema) for path in parts]
                                      or [schema.empty_table()])
            partial = self.path / f"{table}.partial"
            version = {"schema_version": str(SCHEMA_VERSION)}
            pq.write_table(merged.replace_schema_metadata(version), partial, compression="zstd")
            partial.replace(self.path / f"{table}.parquet")
