"""Every number that a sentence says can be found in the tables (CSV files) of the report.

Sentences are read by their digits alone, whoever wrote them: a new one is read as well.  The
number under a figure must be in the figure's own tables; one of a lead or of page one in any.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sentences import N, agrees
from synthetic import Planted, write_run
from synthetic_search import COST, HOT, SHOP, World, write_search_run

from reports.compose import describe
from reports.document import Document
from reports.figures.style import drawing_style
from reports.read import read_run
from reports.table import Table

SAID_OF_THE_METHOD = re.compile(
    r"\bp\d[\d.]*\b|\S+@[\d.]+|\b9[59] %|10 % allowed for repetition|within ±10 %|"
    r"\bA/A\b|p [<=] [\d.]+ by Holm|1,000|×1(?![\d.])")
"""Names, levels and constants: no results."""
NUMBER = re.compile(rf"(?<![\w.×/])[×~]*({N})(?![\w])|×({N})")
SCALES = (1.0, 100.0, 1000.0, 0.01)
"""As it is, a share in per cent, seconds in milliseconds, minor units of money."""


def numbers_in(text: str) -> Iterator[str]:
    for match in NUMBER.finditer(SAID_OF_THE_METHOD.sub(" ", text)):
        yield match[1] or match[2]


def values_of(tables: list[Table]) -> set[float]:
    """Everything that stands in their rows, either way round; counts of rows too."""
    raw: list[Any] = list(itertools.chain.from_iterable(row for table in tables
                                                        for row in table.raw))
    found = {abs(float(one)) for one in raw
             if isinstance(one, int | float) and not isinstance(one, bool)}
    found |= {1 / one for one in found if one}
    found |= {float(text.replace(",", "")) for one in raw if isinstance(one, str)
              for text in re.findall(r"\d+(?:\.\d+)?", one)}
    return found | set(map(float, range(len(raw))))


def untraced(text: str, values: set[float]) -> list[str]:
    return [said for said in numbers_in(text)
            if not any(agrees(said.removeprefix("−"), one * scale) for one in values
                       for scale in SCALES if math.isfinite(one))]


WORLDS: dict[str, Callable[[Path], Path]] = {
    "all three parts": lambda folder: write_run(folder, Planted(pairs=6, repeats=2)),
    "one run a fault": lambda folder: write_run(folder, Planted(pairs=6)),
    "three stores and distances": lambda folder: write_run(folder, Planted(
        pairs=6, phases=("latency",), series=(("shop", 30.0), ("whole_checkout", 10.0)),
        in_one_process=("whole_checkout",), distances=(0.0, 0.5, 2.0, 10.0))),
    "searches, hot mixes and costs": lambda folder: write_search_run(
        folder, World(), **SHOP, **COST, hot_parts=[
            {**HOT["hot_parts"][0], "replicas": 2, "least_memory": True}]),
}


@pytest.fixture(scope="module", params=WORLDS)
def document(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Document:
    with drawing_style():
        return describe(read_run(WORLDS[request.param](tmp_path_factory.mktemp("run"))))


def test_a_number_under_a_figure_is_in_the_tables_of_the_figure(document: Document) -> None:
    found = {}
    for part in document.parts:
        tables = {table.name: table for table in part.tables}
        for drawing in part.drawings:
            own = values_of([tables[name] for name in drawing.tables if name in tables])
            if missing := untraced(drawing.conclusion, own):
                found[drawing.name] = (missing, drawing.conclusion)
    assert not found


def test_a_number_of_page_one_and_of_a_lead_is_in_a_table(document: Document) -> None:
    tables = values_of([table for part in document.parts for table in part.tables])
    said = [text for part in document.parts for text in part.lead]
    said += [text for _, text in document.headlines]
    assert any(True for text in said for _ in numbers_in(text))
    assert not {text: missing for text in said if (missing := untraced(text, tables))}


def test_a_number_that_is_in_no_table_is_found() -> None:
    table = Table("x", "", "", [], [], ["a", "b"], [[1.837, "seven"], [0.4871, None]])
    values = values_of([table])
    assert untraced("monolith slower by ×1.84 [0.487, 48.7 %], p50 of shop@30, 95 %", values) == []
    assert untraced("monolith slower by ×1.85 [1.51, 2.05]", values) == ["1.85", "1.51"], (
        "2.05 is 1 ÷ 0.4871")
