"""A table of the report: raw values go to CSV, formatted cells to the page."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Table:
    """`raw` and `cells` have one entry a row and column; `name` is the CSV's file name."""

    name: str
    title: str
    caption: str
    columns: list[str]
    cells: list[list[str]]
    raw_columns: list[str]
    raw: list[list[Any]]
    numeric: frozenset[int] = field(default_factory=frozenset)
    """Columns of the page that are set flush right."""

    def to_csv(self) -> str:
        """RFC 4180 with a header line; empty where there is no value."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.raw_columns)
        writer.writerows([["" if value is None else value for value in row] for row in self.raw])
        return out.getvalue()

    def to_markdown(self) -> str:
        """A pipe table."""
        rule = ["--:" if n in self.numeric else "---" for n in range(len(self.columns))]
        rows = [self.columns, rule, *self.cells]
        return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
                         for row in rows)
