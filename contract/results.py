"""The columns of a run's Parquet tables: names, dtypes and units, declared once.

    results/<run>/
        run.json             RunRecord (contract/run_record.py)
        requests.parquet     one row a request
        resources.parquet    one row a process and sample
        events.parquet       deploys, faults, exits, restarts
        audit.parquet        one row an invariant, store and trial

Times `*_s` are seconds on one monotonic clock, counted from the start of the trial's load
(its warm-up included), so intended = warmup_s is the first measured instant.

Schema history
    1   first version
    2   requests: statements, sql_rows; trials name a series, a probe, pools, a distance
        (since then, each absent in older runs: connections and traffic of trials by part, what
        they sold, when they were at rest; the audit as SQL; when what a fault broke was back;
        tries and retries of requests by part; how many requests met a fault around a module;
        what faults were expected to cost; whether a probe's limit of memory was taken)
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

import pyarrow as pa
import pyarrow.parquet as pq

SCHEMA_VERSION: Final = 2

Outcome = Literal["ok", "status", "timeout", "connection", "body", "censored"]
OUTCOMES: Final[tuple[Outcome, ...]] = (
    "ok",          # the right status and the right body
    "status",      # answered, with a wrong status
    "timeout",     # no answer before the client's deadline
    "connection",  # refused, reset or closed
    "body",        # the right status, the wrong body
    "censored",    # still open, or not yet begun, when the trial's drain ended: counts as bad
)

_NAME: Final = pa.dictionary(pa.int16(), pa.string())

REQUESTS: Final = pa.schema(
    [
        ("trial", pa.int32()),         # Trial.id
        ("journey_no", pa.int64()),    # k in the schedule
        ("step", pa.int16()),          # 0 is released by the schedule (open), later ones follow
        ("journey", _NAME),
        ("feature", _NAME),            # contract.endpoints.Feature
        ("endpoint", _NAME),           # contract.endpoints.Endpoint.name
        ("intended_s", pa.float64()),  # when it should have been sent
        ("dispatch_s", pa.float64()),  # when the generator released it
        ("send_s", pa.float64()),      # when a free connection took it
        ("end_s", pa.float64()),       # when the last byte was read
        ("status", pa.int16()),        # HTTP status, 0 without an answer
        ("outcome", _NAME),            # Outcome
        ("error_code", _NAME),         # Problem.code, "" without
        ("service_calls", pa.int16()), # calls between services that the answer needed
        ("bytes", pa.int32()),         # of the response body
        ("reference", pa.string()),    # of the order acknowledged as placed or cancelled, or ""
        ("statements", pa.int16()),    # SQL statements that the answer needed, in all services
        ("sql_rows", pa.int32()),      # rows that they returned or changed
    ]
)

RESOURCES: Final = pa.schema(
    [
        ("trial", pa.int32()),
        ("t_s", pa.float64()),
        ("topology", _NAME),
        ("part", _NAME),               # envoy, postgres, monolith, catalog, …, bank, locust
        ("replica", pa.int16()),
        ("pid", pa.int32()),           # 0: the whole budget group, by the kernel's accounting
        ("cpu_s", pa.float64()),       # user + system, cumulative since the process began
        ("rss_bytes", pa.int64()),     # resident; for pid 0 the group's memory, shared once
        ("threads", pa.int32()),
        ("throttled_periods", pa.int64()),  # cumulative, pid 0 only, else 0
        ("periods", pa.int64()),            # cumulative, pid 0 only, else 0
    ]
)

EVENTS: Final = pa.schema(
    [
        ("trial", pa.int32()),         # -1 outside trials
        ("t_s", pa.float64()),
        ("topology", _NAME),
        ("part", _NAME),
        ("replica", pa.int16()),
        ("kind", _NAME),               # ready, exit, restart, fault_armed, fault_fired,
                                       # fault_cleared, …
        ("detail", pa.string()),
    ]
)

AUDIT: Final = pa.schema(
    [
        ("trial", pa.int32()),
        ("topology", _NAME),
        ("invariant", _NAME),          # I1 … I7
        ("checked", pa.int64()),       # things looked at
        ("violations", pa.int64()),
        ("detail", pa.string()),       # the first violations, in words
        ("time_to_consistent_s", pa.float64()),  # from the end of the drain
    ]
)

TABLES: Final[dict[str, pa.Schema]] = {
    "requests": REQUESTS,
    "resources": RESOURCES,
    "events": EVENTS,
    "audit": AUDIT,
}


def write_table(rows: list[tuple[object, ...]], schema: pa.Schema, path: Path) -> int:
    """Write rows (tuples in column order) as Parquet, whole or not at all; return their number."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    arrays = [pa.array(column, type=field.type)
              for column, field in zip(columns, schema, strict=True)]
    metadata = {"schema_version": str(SCHEMA_VERSION)}
    table = pa.Table.from_arrays(arrays, schema=schema.with_metadata(metadata))
    partial = path.with_suffix(".partial")
    pq.write_table(table, partial, compression="zstd")
    partial.replace(path)
    return len(rows)
