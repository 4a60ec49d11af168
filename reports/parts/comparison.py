"""A comparison of two runs as text for a terminal and as a page."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from reports import Report
from reports.compare import Comparison, Side
from reports.compare_lines import Line
from reports.document import Block, Document, Drawing, Note, Part
from reports.estimate import Estimate
from reports.figures.compare import draw_comparison
from reports.figures.style import drawing_style
from reports.page import write_html, write_markdown
from reports.save import save_files
from reports.search_words import ALLOWED
from reports.table import Table
from reports.words import ABSENT, count, interval, number, percent, percent_interval

_TITLES = {"latency": "Latency", "cost": "Cost", "capacity": "Capacity",
           "isolation": "Failure isolation"}
_MOST = 6
"""Changes that are named in a sentence."""


def comparison_text(found: Comparison) -> list[str]:
    """Plain lines: what was compared, what was refused and why."""
    lines = [f"A: {_side(found.a)}", f"B: {_side(found.b)}", *found.notes]
    for kind, title in _TITLES.items():
        own = [line for line in found.lines if line.kind == kind]
        if own:
            lines += ["", title]
            lines += [f"  {line.what}: {_cell(line, line.a)} → {_cell(line, line.b)}; "
                      f"{_verdict(line)}" for line in own]
    if found.refusals:
        lines += ["", "Not compared"]
        lines += [f"  {refusal}" for refusal in found.refusals]
    return lines


def write_comparison(found: Comparison, parent: Path) -> Report:
    """Write `compare-<a>-<b>/` with page, Markdown, figure and CSV; replaces an older one."""
    folder = parent / f"compare-{found.a.name}-{found.b.name}"
    shutil.rmtree(folder, ignore_errors=True)
    with drawing_style():
        document = _document(found)
    drawn = save_files(document, folder)
    write_html(document, drawn, folder / "index.html")
    write_markdown(document, folder / "report.md")
    return Report(folder / "index.html", folder / "report.md",
                  [f"{label}: {sentence}" for label, sentence in document.headlines])


def _document(found: Comparison) -> Document:
    blocks: list[Block] = [Note(str(refusal), "caveat") for refusal in found.refusals]
    parts = [_part(kind, title, [line for line in found.lines if line.kind == kind])
             for kind, title in _TITLES.items()]
    figure = draw_comparison(found.lines, (found.a.name, found.b.name))
    first = [Part("ratios", "Ratios of both runs", found.notes, [Drawing(
        "compare_ratios", "Every ratio in both runs", _summary(found),
        "Bars: 95 % intervals. Two bars that overlap may still differ: the tables have the "
        "interval of the change.",
        tuple(f"compare_{kind}" for kind in _TITLES
              if any(line.kind == kind and line.unit == "ratio" for line in found.lines)),
        figure)])] if figure else []
    return Document(
        "Two runs, side by side", f"A: {_side(found.a)} · B: {_side(found.b)}",
        [("Changed", _summary(found))],
        [*first, *(part for part in parts if part.blocks),
         Part("refused", "Not compared",
              [] if found.refusals else ["Everything that both runs measured was compared."],
              blocks)],
        labels=[str(refusal) for refusal in found.refusals] if found.is_refused else [])


def _summary(found: Comparison) -> str:
    if found.is_refused:
        return "Nothing was compared."
    judged = [line for line in found.lines if line.is_judged]
    changed = [f"{line.what} {line.verdict}" for line in judged
               if line.verdict not in ("no difference shown", "no interval")]
    n = count(len(judged), "judged number")
    shown, left = len(found.lines) - len(judged), len(found.refusals)
    beside = f" Shown and not judged: {shown:,}." if shown else ""
    beside += f" Refused, each with its reason: {left:,}." if left else ""
    if not changed:
        return f"Of {n}, none is shown to differ.{beside}"
    more = f"; and {len(changed) - _MOST:,} more" if len(changed) > _MOST else ""
    return f"Of {n}, {len(changed)} changed: {'; '.join(changed[:_MOST])}{more}.{beside}"


def _part(kind: str, title: str, lines: list[Line]) -> Part:
    return Part(kind, title, [], [_table(kind, title, lines)] if lines else [])


def _table(kind: str, title: str, lines: list[Line]) -> Table:
    return Table(
        f"compare_{kind}", title,
        "Estimate and 95 % interval in each run. Change: B ÷ A by Welch's t on logarithms; for "
        f"capacities without repeats by what the probes leave open, {ALLOWED}, for their ratios "
        "by the outermost ends; for shares B − A. Times of a store: means over its trials of each "
        "trial's own percentile. n: pairs, trials, searches or requests.",
        ["", "A", "n", "B", "n", "change", "verdict"],
        [[line.what, _cell(line, line.a), f"{line.a.n:,}", _cell(line, line.b), f"{line.b.n:,}",
          _change(line), _verdict(line)] for line in lines],
        ["what", "unit", "a", "a_low", "a_high", "a_n", "b", "b_low", "b_high", "b_n", "change",
         "change_low", "change_high", "verdict"],
        [[line.what, line.unit, *_ends(line.a), line.a.n, *_ends(line.b), line.b.n,
          *(_ends(line.change) if line.change else (None,) * 3), line.verdict]
         for line in lines],
        frozenset({1, 2, 3, 4, 5}))


def _cell(line: Line, found: Estimate) -> str:
    if line.kind == "isolation":
        return f"{percent(found.value)} {percent_interval(found.low, found.high)}".strip()
    unit = "" if line.unit == "ratio" else f" {line.unit}"
    sign = "×" if line.unit == "ratio" else ""
    return f"{sign}{number(found.value)}{unit} {interval(found.low, found.high)}".strip()


def _change(line: Line) -> str:
    change = line.change
    if change is None:
        return ABSENT
    if line.kind == "isolation":
        return f"{percent(change.value)} {percent_interval(change.low, change.high)}".strip()
    return f"×{number(change.value)} {interval(change.low, change.high)}".strip()


def _verdict(line: Line) -> str:
    """A capacity says what decides: its searches differ in that from line to line."""
    if line.kind == "capacity" and line.change:
        return f"{line.verdict} ({line.change.method})"
    return line.verdict


def _ends(found: Estimate) -> tuple[Any, Any, Any]:
    return found.value, found.low, found.high


def _side(side: Side) -> str:
    if side.record is None:
        return f"{side.name} (can't be read)"
    commit = f", commit {side.record.commit}" if side.record.commit else ""
    return f"{side.name}, scenario {side.record.scenario}{commit}"
