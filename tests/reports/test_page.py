"""The page as a file: whole, self-contained, the same each time, true to its tables."""

from __future__ import annotations

import csv
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from synthetic import Planted, write_run

import reports
from reports.words import number, percent

WORST = Planted(all_fail=True, pairs=1, red=("monolith",), rejected=(0,), flagged=(2,), fired=0,
                limited=False)


class Text(HTMLParser):
    """Collects visible text and every reference."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("style", "svg")
        for name, value in attrs:
            if name in ("src", "href", "xlink:href", "data", "action", "poster"):
                self.links.append(value or "")
            if name == "id":
                self.ids.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("style", "svg")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(data)


def parse(path: Path) -> Text:
    text = Text()
    text.feed(path.read_text(encoding="utf-8"))
    return text


def rows_of(report: reports.Report, name: str) -> list[dict[str, str]]:
    with (report.html.parent / "tables" / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def digest(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_page_fetches_nothing(report: reports.Report) -> None:
    page = report.html.read_text(encoding="utf-8")
    assert all(link.startswith(("#", "data:image/")) for link in parse(report.html).links)
    assert re.findall(r"https?:", page) == []
    assert "@import" not in page
    assert "<script" not in page
    assert re.findall(r"url\((?!#)", page) == []


def test_every_link_on_the_page_leads_somewhere_and_ids_are_unique(
        report: reports.Report) -> None:
    text = parse(report.html)
    assert {link[1:] for link in text.links if link[0] == "#"} <= set(text.ids)
    assert len(text.ids) == len(set(text.ids))


def test_no_text_is_a_number_that_is_none(report: reports.Report) -> None:
    words = " ".join(parse(report.html).words) + report.markdown.read_text(encoding="utf-8")
    assert re.findall(r"\b(nan|NaN|None|inf|Infinity|NaT)\b", words) == []


def test_the_worst_run_still_makes_a_whole_page(tmp_path: Path) -> None:
    report = reports.build(write_run(tmp_path, WORST))
    words = " ".join(parse(report.html).words)
    assert re.findall(r"\b(nan|NaN|None|inf|Infinity|NaT)\b", words) == []
    assert "Red: monolith violates I2" in words
    assert "Not enforced: CPU quota, memory limit." in words
    assert "generator lag max 31.0 ms" in words
    assert all(line.split(": ", 1)[1].startswith(("Void", "Not measured"))
               for line in report.headlines)


def test_every_figure_and_table_that_is_named_exists(report: reports.Report) -> None:
    folder = report.html.parent
    markdown = report.markdown.read_text(encoding="utf-8")
    linked = re.findall(r"\]\(([^)]+)\)", markdown)
    assert linked
    for target in linked:
        assert (folder / target).stat().st_size > 0, target
    figures = {path.stem for path in (folder / "figures").iterdir()}
    for name in figures:
        assert (folder / "figures" / f"{name}.svg").exists()
        assert (folder / "figures" / f"{name}.png").exists()
        assert f'id="figure-{name}"' in report.html.read_text(encoding="utf-8")


def test_all_three_parts_are_filled(report: reports.Report) -> None:
    names = {path.stem for path in (report.html.parent / "figures").glob("*.svg")}
    assert names == {
        "instrument", "latency_spectrum", "latency_ecdf", "latency_endpoints", "latency_hops",
        "latency_clocks", "scaling_capacity", "scaling_ramps", "scaling_hot", "scaling_cost",
        "isolation_matrix", "isolation_strips", "isolation_availability", "isolation_collateral",
        "isolation_predicted", "claims"}


def test_built_twice_the_report_is_the_same_byte_for_byte(
        report: reports.Report, run_dir: Path, tmp_path: Path) -> None:
    for name in ("run.json", *(f"{t}.parquet" for t in ("requests", "events", "audit",
                                                         "resources"))):
        (tmp_path / name).write_bytes((run_dir / name).read_bytes())
    again = reports.build(tmp_path)
    assert digest(again.html.parent) == digest(report.html.parent)


def test_the_latency_headline_carries_the_numbers_of_its_table(report: reports.Report) -> None:
    row = rows_of(report, "latency_ratios")[0]
    value, low, high = (float(row[key]) for key in ("ratio", "low", "high"))
    assert low > 1
    assert (f"microservices slower than monolith by ×{number(value)} "
            f"[{number(low)}, {number(high)}], {row['pairs']} pairs") in report.headlines[0]


def test_the_scaling_headline_carries_the_numbers_of_its_tables(report: reports.Report) -> None:
    last = max(rows_of(report, "scaling_ratios"), key=lambda row: float(row["cpus"]))
    for row in rows_of(report, "scaling_capacity"):
        if row["cpus"] == last["cpus"]:
            held, failed = number(float(row["held_per_s"])), number(float(row["failed_per_s"]))
            assert f"{held} [{held}, {failed})" in report.headlines[1]
    low, high = number(float(last["ratio_low"])), number(float(last["ratio_high"]))
    assert f"[{low}, {high}]" in report.headlines[1]


def test_the_isolation_headline_carries_the_numbers_of_its_table(
        report: reports.Report) -> None:
    rows = rows_of(report, "isolation_losses")
    for store in ("monolith", "microservices"):
        own = [float(row["collateral"]) for row in rows if row["topology"] == store]
        assert f"{store} {percent(sum(own) / len(own))}" in report.headlines[2]


def test_headlines_stand_on_the_page_as_they_are_returned(report: reports.Report) -> None:
    words = " ".join(" ".join(parse(report.html).words).split())
    for line in report.headlines:
        label, sentence = line.split(": ", 1)
        assert label in words
        assert sentence in words


@pytest.mark.parametrize("name", ["isolation_strips", "scaling_ramps", "latency_spectrum"])
def test_tables_hold_values_unrounded(report: reports.Report, name: str) -> None:
    text = (report.html.parent / "tables" / f"{name}.csv").read_text()
    assert "nan" not in text
    assert "inf" not in text.replace("info", "")
