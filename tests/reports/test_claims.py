"""Claims are decided by numbers: shown, excluded, or neither, and what is missing is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import Planted, write_run

from reports.arms import find_arms
from reports.books import audit_findings, red_topologies
from reports.claims.claim import (
    WORDS,
    Effect,
    Row,
    all_of,
    by_direction,
    by_equivalence,
    every_one,
    size_of,
)
from reports.claims.evidence import Evidence
from reports.claims.facts import CLAIMS
from reports.claims.ledger import DECIDE, decide_claims
from reports.document import Document
from reports.guards import judge
from reports.isolation import measure_isolation
from reports.latency import headline_of, measure_series, medians_ms
from reports.read import read_run
from reports.scaling import measure_scaling

LISTS = (("list_small", 40.0), ("list_medium", 40.0), ("list_large", 40.0))
FALLING = {"list_small": 3.0, "list_medium": 2.0, "list_large": 1.3}
ends = st.floats(0.1, 10.0)


def ledger(folder: Path, **planted: object) -> dict[str, Row]:
    run = read_run(write_run(folder, Planted(**planted)))  # type: ignore[arg-type]
    judged, arms = judge(run.record, medians_ms(run)), find_arms(run.record)
    series = measure_series(run, judged, arms)
    rows = decide_claims(Evidence(
        run, arms, series, headline_of(series, arms), measure_scaling(run, judged, arms),
        measure_isolation(run, judged, arms), red_topologies(audit_findings(run, arms.all))))
    return {row.claim.id: row for row in rows}


def effect(low: float | None, high: float | None) -> Effect:
    return Effect("x", 1.0, low, high, 6, "ratio")


@given(one=ends, other=ends)
def test_a_direction_is_shown_only_by_the_whole_interval(one: float, other: float) -> None:
    low, high = sorted((one, other))
    word = by_direction(effect(low, high))
    assert (word == "supported") == (low > 1)
    assert (word == "contradicted") == (high < 1)


@given(one=ends, other=ends)
def test_equivalence_is_shown_inside_and_contradicted_outside(one: float, other: float) -> None:
    low, high = sorted((one, other))
    word = by_equivalence(effect(low, high), 0.9, 1.1)
    assert (word == "supported") == (low >= 0.9 and high <= 1.1)
    assert (word == "contradicted") == (low > 1.1 or high < 0.9)


def test_an_open_end_shows_what_the_other_end_shows() -> None:
    assert by_direction(effect(1.2, None)) == "supported"
    assert by_direction(effect(None, 0.8)) == "contradicted"
    assert by_direction(effect(None, None)) == "no difference shown"
    assert by_equivalence(effect(1.2, None), 0.9, 1.1) == "contradicted"


def test_one_contradicted_half_is_enough_and_one_open_half_too() -> None:
    assert all_of(["supported", "supported"]) == "supported"
    assert all_of(["supported", "no difference shown"]) == "no difference shown"
    assert all_of(["supported", "contradicted"]) == "contradicted"
    assert all_of([]) == "no difference shown"


@pytest.mark.parametrize(("low", "high", "said"), [
    (1.5, 2.0, "as expected"), (1.1, 1.2, "less than expected"), (6.0, 7.0, "more than expected"),
    (1.1, 2.0, "overlaps what was expected"), (None, 2.0, "")])
def test_the_size_is_held_against_what_was_expected(low: float | None, high: float,
                                                    said: str) -> None:
    assert size_of(CLAIMS["B2"], effect(low, high)) == said


def test_every_claim_has_a_rule_and_every_rule_a_claim() -> None:
    assert list(CLAIMS) == ["A1", "A5", "A6", "A7", "A13", *(f"B{n}" for n in range(1, 9)),
                            *(f"B{n}" for n in range(10, 14))]
    assert set(DECIDE) == set(CLAIMS)


def test_planted_differences_are_supported(tmp_path: Path) -> None:
    rows = ledger(tmp_path, pairs=6, rate=90.0, phases=("latency", "hot", "isolation"),
                  collateral={}, in_one_process=("shop",), slower_in=FALLING | {"sign_in": 1.0},
                  series=(("shop", 90.0), ("product_read", 60.0), *LISTS, ("sign_in", 200.0)),
                  noise=0.01)
    words = {name: rows[name].word for name in rows}
    supported = ("A1", "A5", "B1", "B2", "B3", "B4", "B5", "B8", "B11", "B12")
    assert {name: words[name] for name in supported} == dict.fromkeys(supported, "supported")
    assert words["B10"] != "contradicted"
    assert [one.value for one in rows["B10"].effects] == pytest.approx([0.0] * 6, abs=0.03)
    assert rows["B5"].effects[0].value == pytest.approx((1.3 * 5 + 1.5) / (3.0 * 5 + 1.5),
                                                        rel=0.1)
    assert rows["B8"].effects[0].value == pytest.approx(
        rows["B1"].effects[1].value ** (1 / 6))  # type: ignore[operator]


def test_planted_opposites_are_contradicted(tmp_path: Path) -> None:
    rising = dict(zip(FALLING, reversed(FALLING.values()), strict=True))
    rows = ledger(tmp_path, pairs=6, phases=("latency", "isolation"), noise=0.02, hop_ms=0.0,
                  slower_in=rising | {"shop": 0.5, "product_read": 0.5, "sign_in": 1.5},
                  series=(("shop", 90.0), ("product_read", 60.0), *LISTS, ("sign_in", 60.0)))
    contradicted = ("B2", "B3", "B4", "B5", "B10")
    assert {name: rows[name].word for name in contradicted} == dict.fromkeys(
        contradicted, "contradicted")
    assert "payments" in rows["B10"].effects[0].what or "bank" in rows["B10"].effects[0].what


def test_where_nothing_was_planted_nothing_is_shown(tmp_path: Path) -> None:
    rows = ledger(tmp_path, pairs=6, phases=("latency",), slower=1.0, hop_ms=0.0,
                  series=(("shop", 60.0), ("product_read", 60.0)), noise=0.1)
    assert rows["B2"].word == "no difference shown"
    assert rows["B12"].word == "supported"


def test_what_a_run_lacks_is_named(tmp_path: Path) -> None:
    rows = ledger(tmp_path, phases=("latency",), pairs=2)
    for name in ("A5", "A13", "B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B10", "B13"):
        assert rows[name].word == "not testable here"
        assert rows[name].missing
    assert "product_read" in rows["B2"].missing
    assert "list_small, list_medium, list_large" in rows["B5"].missing


def test_wrong_answers_have_no_speed_in_the_ledger_either(tmp_path: Path) -> None:
    rows = ledger(tmp_path, phases=("latency",), pairs=6, red=("microservices",))
    assert rows["B11"].word == "not testable here"
    assert "violated invariants in microservices" in rows["B11"].missing
    assert rows["A1"].word == "supported"


def test_the_break_even_is_never_called_beyond_what_was_measured(tmp_path: Path) -> None:
    same = {"monolith": 20.0, "microservices": 20.0}
    row = ledger(tmp_path / "a", phases=("capacity",), first_rate=same)["A13"]
    assert row.word == "not testable here"
    assert "0.9 CPU" in row.missing
    turned = {"monolith": 28.0, "microservices": 60.0}
    row = ledger(tmp_path / "b", phases=("capacity",), capacity=turned, first_rate=same)["A13"]
    assert row.word == "contradicted"


def test_the_ledger_stands_on_the_page(described: Callable[..., Document]) -> None:
    document = described(phases=("latency",), pairs=6)
    (part,) = [part for part in document.parts if part.anchor == "claims"]
    (table,) = part.tables
    assert [row[0] for row in table.cells] == list(CLAIMS)
    at = table.raw_columns.index("verdict")
    counts = [sum(found == word for _, found in {(raw[0], raw[at]) for raw in table.raw})
              for word in WORDS]
    assert part.lead[0] == (f"Of {len(CLAIMS)} claims, this run has " + ", ".join(
        f"{n} {word}" for n, word in zip(counts, WORDS, strict=True)) + ".")


def test_what_decided_a_claim_stands_first() -> None:
    helps, hurts, open_end = effect(1.2, 1.4), effect(0.7, 0.9), effect(0.9, 1.2)
    row = every_one(CLAIMS["B7"], [helps, open_end, hurts])
    assert (row.word, row.effects) == ("contradicted", (hurts, helps, open_end))
    assert every_one(CLAIMS["B7"], [helps, open_end]).effects == (open_end, helps)
