"""What is expected of a fault before a run, and what the report says of it afterwards."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from synthetic import Planted, write_run

from contract.run_record import RunRecord
from reports.compose import describe
from reports.document import Note, Part
from reports.figures.style import drawing_style
from reports.foretold import expected_losses, foretold_in, hit_of_all, lost_of_all
from reports.read import read_run
from reports.table import Table

FAULTS = {
    "hang": {"module": "payments", "kind": "hang", "dose": 0.5},
    "crash": {"module": "catalog", "kind": "crash", "dose": 0.1},
    "cut": {"module": "catalog", "kind": "network_cut"},
    "down": {"module": "cart", "kind": "database_down"},
    "late": {"module": "bank", "kind": "network_delay", "delay_ms": 126},
    "later": {"module": "database", "kind": "network_delay", "delay_ms": 20},
    "leak": {"module": "search", "kind": "leak"},
}
DEFINITIONS: dict[str, Any] = {
    "faults": FAULTS,
    "workloads": {"mixed": {"weights": {"browse": 1, "check_out": 1, "search": 2, "sign_in": 0}}},
    "topologies": {
        "monolith": {"store": "monolith", "deployables": {"monolith": {"replicas": 2}}},
        "microservices": {"store": "microservices", "database_servers": "each",
                          "deployables": {"catalog": {"replicas": 1}}}},
}
SCENARIO: dict[str, Any] = {
    "topologies": ["monolith", "microservices"], "slo_ms": 250,
    "platform": {"restart_delay_s": 0.5},
    "isolation": {"workload": "mixed", "rate_per_s": 20, "faults": "all", "warmup_s": 1,
                  "before_s": 1, "fault_s": 2, "after_s": 1},
}
"""Of 20 journeys a second 5 browse, 5 check out, 10 search: 55 requests, 15 + 20 + 20."""


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return expected_losses(SCENARIO, DEFINITIONS)


def of(expected: dict[str, Any], fault: str, topology: str) -> dict[str, tuple[float, Any]]:
    return {feature: (pytest.approx(one.hit), one.lost)
            for feature, one in expected[fault][topology].items() if one.hit}


def test_shares_are_those_of_the_workload(expected: dict[str, Any]) -> None:
    shares = {feature: one.share for feature, one in expected["hang"]["monolith"].items()}
    assert shares == pytest.approx({"browse": 25 / 55, "search": 10 / 55, "cart": 10 / 55,
                                    "checkout": 5 / 55, "orders": 5 / 55})


def test_loss_is_expected_where_the_plan_alone_tells_it(expected: dict[str, Any]) -> None:
    assert of(expected, "hang", "microservices") == {"checkout": (1.0, 0.5)}
    assert of(expected, "late", "monolith") == {"checkout": (1.0, 1.0)}
    assert of(expected, "cut", "monolith") == {}
    assert of(expected, "cut", "microservices") == {"cart": (1.0, 1.0), "checkout": (1.0, 1.0)}
    assert set(of(expected, "down", "microservices")) == {"cart", "checkout"}
    assert set(of(expected, "down", "monolith")) == {"browse", "search", "cart", "checkout",
                                                     "orders"}


def test_crashes_are_expected_by_the_rate_of_the_schedule_and_the_replicas(
        expected: dict[str, Any]) -> None:
    rate = 25 + 10 + 5  # of 55 requests a second: browse, cart and checkout
    for topology, replicas in (("monolith", 2), ("microservices", 1)):
        away = 0.1 * rate * 0.5 / replicas
        assert expected["crash"][topology]["browse"].lost == pytest.approx(1 - 0.9 / (1 + away))


def test_what_follows_from_a_measurement_is_left_open(expected: dict[str, Any]) -> None:
    for fault, feature in (("later", "checkout"), ("leak", "search")):
        one = expected[fault]["monolith"][feature]
        assert (one.hit, one.lost) == (1.0, None)
        assert lost_of_all(expected[fault]["monolith"]) is None
    assert expected["leak"]["monolith"]["cart"].lost == 0.0
    assert hit_of_all(expected["leak"]["monolith"]) == pytest.approx(10 / 55)
    assert lost_of_all(expected["hang"]["monolith"]) == pytest.approx(0.5 * 5 / 55)


def test_a_scenario_without_faults_expects_nothing() -> None:
    assert expected_losses({"isolation": None}, {}) == {}


def chapter(folder: Path, **changes: Any) -> Part:
    """The chapter of a planted run that had this plan."""
    planted = Planted(phases=("isolation",), faults=("payments-crash",))
    path = write_run(folder, planted) / "run.json"
    record = RunRecord.model_validate_json(path.read_text())
    path.write_text(record.model_copy(update={
        "scenario_resolved": SCENARIO, "definitions": DEFINITIONS, **changes}).model_dump_json())
    with drawing_style():
        return next(part for part in describe(read_run(folder)).parts if part.anchor == "isolation")


def caveats(part: Part) -> list[str]:
    return [block.text for block in part.blocks
            if isinstance(block, Note) and "written down before" in block.text]


def test_the_report_says_where_it_would_have_expected_something_else(
        tmp_path: Path, expected: dict[str, Any]) -> None:
    wrong = expected["hang"]["monolith"]["checkout"].model_copy(update={"lost": 0.4})
    hang = {**expected["hang"], "monolith": {**expected["hang"]["monolith"], "checkout": wrong}}
    part = chapter(tmp_path, expected={**expected, "hang": hang})
    (said,) = caveats(part)
    match = re.match(r"(\d+) of (\d+) expectations written .* \((.*)\): another version", said)
    assert match
    assert match.groups() == ("1", "14", "hang on monolith")
    (table,) = (one for one in part.blocks
                if isinstance(one, Table) and one.name == "isolation_expected")
    row = next(raw for raw in table.raw if raw[:3] == ["hang", "monolith", "checkout"])
    assert row[-2:] == [0.4, 0.5]


def test_the_report_is_silent_where_it_expects_the_same(
        tmp_path: Path, expected: dict[str, Any]) -> None:
    assert caveats(chapter(tmp_path, expected=expected)) == []
    record = read_run(tmp_path).record
    assert len(foretold_in(record)) == 14
    assert all(one.is_same for one in foretold_in(record))


def test_a_run_that_expected_nothing_is_told(tmp_path: Path) -> None:
    (said,) = caveats(chapter(tmp_path))
    assert said.startswith("What faults would cost was not written down before this run")
