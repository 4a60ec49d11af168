"""Claims are decided by numbers: shown, excluded, or neither, and what is missing is named."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import Planted, write_run

from contract.run_record import PartCost
from reports.arms import find_arms
from reports.books import audit_findings, red_topologies
from reports.claims.claim import (
    WORDS,
    Effect,
    Row,
    all_of,
    by_direction,
    by_equivalence,
    effect_of_ratio,
    every_one,
    size_of,
)
from reports.claims.evidence import Evidence
from reports.claims.facts import CLAIMS
from reports.claims.ledger import DECIDE, decide_claims
from reports.claims.page import page
from reports.document import Document
from reports.estimate import Band, Ratio
from reports.estimate_apart import ratio_apart
from reports.guards import judge
from reports.isolation import measure_isolation
from reports.latency import headline_of, measure_series, medians_ms
from reports.noise import apart
from reports.parts.ledger import ledger_part
from reports.read import Run, read_run
from reports.scaling import measure_scaling
from reports.table import Table

ROOT = Path(__file__).parents[2]
LISTS = (("list_small", 40.0), ("list_medium", 40.0), ("list_large", 40.0))
FALLING = {"list_small": 3.0, "list_medium": 2.0, "list_large": 1.3}
ends = st.floats(0.1, 10.0)


def ledger(folder: Path, **planted: object) -> dict[str, Row]:
    return decided(read_run(write_run(folder, Planted(**planted))))  # type: ignore[arg-type]


def decided(run: Run) -> dict[str, Row]:
    judged, arms = judge(run.record, medians_ms(run)), find_arms(run.record)
    series = measure_series(run, judged, arms)
    rows = decide_claims(Evidence(
        run, judged, arms, series, headline_of(series, arms), measure_scaling(run, judged, arms),
        measure_isolation(run, judged, arms), red_topologies(audit_findings(run, arms.all))))
    return {row.claim.id: row for row in rows}


def table_of(row: Row) -> Table:
    table, = ledger_part([row]).tables
    return table


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


@given(ends=st.tuples(ends, ends), wide=st.tuples(ends, ends), off=st.floats(0, 0.5))
def test_a_difference_lies_beyond_the_wider_interval_and_the_noise_floor(
        ends: tuple[float, float], wide: tuple[float, float], off: float) -> None:
    block, band = (min(wide), max(wide)), Band(math.exp(-off), math.exp(off), 4)
    found = replace(effect(min(ends), max(ends)), block=block, band=band)
    low, high = min(*ends, *wide), max(*ends, *wide)
    word = by_direction(found)
    assert (word == "supported") == (low > band.high)
    assert (word == "contradicted") == (high < 1 / band.high)
    word = by_equivalence(found, 0.9, 1.1)
    assert (word == "supported") == (low >= 0.9 and high <= 1.1 and band.low >= 0.9
                                     and band.high <= 1.1)
    assert (word == "contradicted") == (low > max(1.1, band.high)
                                        or high < min(0.9, 1 / band.high))


def test_all_that_decides_a_ratio_stands_in_its_cell() -> None:
    paired = Ratio(4.0, 2.25, 6.25, 20, 4.0, 0.01, block=(1.96, 9.0),
                   band=Band(1 / 1.21, 1.21, 4))
    assert effect_of_ratio("memory", paired).text == (
        "memory ×4.00 [2.25, 6.25], n = 20 pairs (by blocks of pairs ×1.96 to ×9.00 and a store "
        "against itself ×1.21 off, 4 A/A pairs)")
    step = effect_of_ratio("a step", paired, steps=2)
    assert step.text == ("a step ×2.00 [1.50, 2.50], n = 20 pairs (by blocks of pairs ×1.40 to "
                         "×3.00 and a store against itself ×1.10 off, 4 A/A pairs)")
    assert (step.turned.low, step.turned.high) == pytest.approx((0.4, 1 / 1.5))
    assert step.turned.block == pytest.approx((1 / 3, 1 / 1.4))


def test_a_noise_floor_without_bound_decides_nothing_and_says_so() -> None:
    paired = Ratio(4.0, 2.25, 6.25, 6, 4.0, 0.01, band=Band(0.0, math.inf, 2))
    found = effect_of_ratio("CPU", paired, steps=3)
    assert by_direction(found) == "no difference shown"
    assert by_equivalence(effect_of_ratio("CPU", replace(paired, low=0.99, high=1.01)), 0.9,
                          1.1) == "no difference shown"
    assert found.text.endswith("(a store against itself no bound, too few right answers in an arm "
                               "of 2 A/A pairs)")
    both = apart(Band(0.0, math.inf, 1), Band(1 / 1.2, 1.2, 2))
    assert both
    assert (both.low, both.high, both.n) == (0.0, math.inf, 3)


def test_ratios_that_were_measured_apart_differ_by_the_wider_of_their_intervals() -> None:
    narrow = Ratio(2.0, 1.9, 2.0**2 / 1.9, 20, 2.0, 0.01)
    wide = replace(narrow, block=(1.0, 4.0))
    after = replace(narrow, value=1.5, low=1.4, high=1.5**2 / 1.4)
    assert ratio_apart(narrow, after).differs
    assert not ratio_apart(wide, after).differs
    both = apart(Band(1 / 1.2, 1.2, 2), Band(1 / 1.2, 1.2, 3))
    assert both is not None
    assert (both.high, both.n) == (pytest.approx(1.2**2**0.5), 5)
    alone = apart(None, both)
    assert alone is not None
    assert (alone.high, alone.n) == (pytest.approx(both.high), 5)
    assert apart(None, None) is None


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
                  series=(("shop", 90.0), ("product_read", 60.0), *LISTS, ("sign_in", 600.0)),
                  noise=0.01)
    words = {name: rows[name].word for name in rows}
    supported = ("A1", "A5", "B1", "B2", "B3", "B4", "B5", "B8", "B11", "B12")
    assert {name: words[name] for name in supported} == dict.fromkeys(supported, "supported")
    bands = [rows[name].effects[0].band for name in ("B1", "B2", "B3", "B8", "B11", "B12")]
    assert [band.n for band in bands if band] == [1] * len(bands)
    assert words["B10"] != "contradicted"
    assert [one.value for one in rows["B10"].effects] == pytest.approx([0.0] * 6, abs=0.03)
    assert rows["B5"].effects[0].value == pytest.approx((1.3 * 5 + 1.5) / (3.0 * 5 + 1.5),
                                                        rel=0.1)
    assert "÷ 3.1" in rows["B1"].claim.text
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


def test_eight_per_cent_are_not_within_five(tmp_path: Path) -> None:
    row = ledger(tmp_path, pairs=6, phases=("latency",), slower_in={"sign_in": 1.08},
                 series=(("shop", 20.0), ("sign_in", 600.0)), noise=0.0)["B3"]
    low, high = row.effects[0].widest
    assert low is not None
    assert high is not None
    assert 1.05 < low < high < 1.1, "what was expected here would have it"
    assert row.word == "contradicted"
    assert "within 5 %" in row.claim.text


def test_what_was_expected_takes_no_part_in_any_verdict(tmp_path: Path) -> None:
    """Decided again by claims that expect nothing, and then what nobody measures."""
    run = read_run(write_run(tmp_path, Planted(
        pairs=4, phases=("latency", "isolation"), slower_in={"sign_in": 1.0}, noise=0.01,
        series=(("shop", 60.0), ("product_read", 40.0), ("sign_in", 900.0)))))
    words = []
    for ends in ((None, None), (-9e9, 9e9), (8e9, 9e9)):
        with pytest.MonkeyPatch.context() as patch:
            for name, claim in CLAIMS.items():
                patch.setitem(CLAIMS, name, replace(claim, least=ends[0], most=ends[1]))
            words.append({name: row.word for name, row in decided(run).items()})
    assert words[0] == words[1] == words[2]
    assert words[0]["B3"] != "not testable here"
    assert words[0]["B12"] == "supported"
    assert words[0]["B10"] != "not testable here"


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


def test_what_single_runs_do_not_hold_stands_in_the_row(tmp_path: Path) -> None:
    said = "One run: counting error only, run-to-run noise not included."
    once = ledger(tmp_path / "once", phases=("isolation",))
    for name in ("A6", "A7", "B10"):
        text, = (cells[3] for cells in table_of(once[name]).cells)
        assert text.endswith(said)
        assert text.count(said) == 1
        assert all("run-to-run noise" in str(raw) for raw in table_of(once[name]).raw)
    twice = ledger(tmp_path / "twice", phases=("isolation",), repeats=2)
    assert "One run" not in str(table_of(twice["B10"]).cells)


def test_a_caveat_of_some_effects_says_of_how_many() -> None:
    noted = replace(effect(1.2, 1.4), caveats=("one pair: no interval",))
    row = Row(CLAIMS["B7"], "supported", (noted, effect(1.2, 1.4)), "rent is not in it")
    assert row.caveats == ["rent is not in it", "1 of 2: one pair: no interval"]
    assert effect_of_ratio("x", Ratio(2.0, None, None, 1, 2.0, None, ("one pair",))).caveats == (
        "one pair",)


def test_the_ledger_stands_on_the_page(described: Callable[..., Document]) -> None:
    document = described(phases=("latency",), pairs=6)
    (part,) = [part for part in document.parts if part.anchor == "claims"]
    (table,) = part.tables
    assert [row[0] for row in table.cells] == list(CLAIMS)
    at = table.raw_columns.index("verdict")
    counts = [sum(found == word for _, found in {(raw[0], raw[at]) for raw in table.raw})
              for word in WORDS]
    said = table.raw_columns.index("said")
    less = [raw[0] for raw in table.raw if raw[said] != raw[at]]
    assert less == ["B11"], "2.4 times the memory were planted, 2.9 are claimed"
    assert part.lead[0] == (f"Of {len(CLAIMS)} claims, this run has " + ", ".join(
        f"{n} {word}{' (1 of them in direction only, less than published)' * (place == 0)}"
        for place, (n, word) in enumerate(zip(counts, WORDS, strict=True))) + ".")


@pytest.mark.parametrize(("name", "published"), [("B1", 3.1), ("B8", 1.14), ("B11", 2.9)])
@given(one=ends, other=ends)
def test_a_claim_that_is_a_number_is_supported_in_full_only_if_the_interval_reaches_it(
        name: str, published: float, one: float, other: float) -> None:
    claim = CLAIMS[name]
    assert claim.is_number
    assert claim.published[0] == published
    low, high = sorted((one, other))
    found = replace(effect(low, high), published=published)
    row = every_one(claim, [found])
    assert (row.word == "supported") == (low > 1)
    is_less = low > 1 and high < published
    assert row.is_in_direction_only == is_less
    assert row.said == ("supported in direction, less than published" if is_less else row.word)
    assert (f"less than the published ×{published:.2f}" in found.text) == (high < published)


def test_the_count_and_the_cell_say_which_support_is_of_a_direction_alone() -> None:
    rows = [Row(CLAIMS["B11"], "supported", (replace(effect(low, high), published=2.9),))
            for low, high in ((1.05, 1.15), (2.0, 3.0))]
    part = ledger_part(rows)
    assert "2 supported (1 of them in direction only, less than published)," in part.lead[0]
    table, = part.tables
    assert [cells[4] for cells in table.cells] == [
        "supported in direction, less than published (less than expected)",
        "supported (as expected)"]
    assert "less than the published ×2.90" in table.cells[0][3]


def test_the_wider_interval_decides_whether_a_published_size_is_reached() -> None:
    found = replace(effect(1.5, 2.5), published=2.9)
    assert found.is_less
    assert not replace(found, block=(1.2, 3.0)).is_less
    assert not replace(found, high=None).is_less
    assert not replace(found, published=None).is_less


def test_a_claim_of_a_direction_is_supported_by_it_and_says_when_less_was_found() -> None:
    row = Row(CLAIMS["B4"], "supported", (replace(effect(1.1, 1.2), published=494 / 199),))
    assert row.said == "supported"
    assert table_of(row).cells[0][4] == "supported (less than published and less than expected)"
    assert [one.id for one in CLAIMS.values() if one.is_number] == ["B1", "B8", "B11"]


def test_each_half_of_a_claim_is_held_against_its_own_size(tmp_path: Path) -> None:
    row = ledger(tmp_path, phases=("latency",), pairs=6, in_one_process=("shop",),
                 series=(("shop", 60.0),), noise=0.01)["B1"]
    assert [one.published for one in sorted(row.effects, key=lambda one: one.what)] == [3.1, 7.0]
    assert row.is_in_direction_only


@pytest.mark.parametrize("idle", [
    {}, {"monolith": 0.02, "microservices": 0.3},
    {"monolith": 0.02, "microservices": 0.3, "colocated": 0.02}])
def test_cpu_of_one_process_is_net_of_idle_where_both_stores_were_left_alone(
        tmp_path: Path, idle: dict[str, float]) -> None:
    """0.004 and 0.0025 CPU-seconds a request were planted, and what the store uses idle."""
    row = ledger(tmp_path, phases=("latency",), pairs=10, in_one_process=("shop",),
                 series=(("shop", 60.0),), idle_cores=idle)["B1"]
    cpu, = [one for one in row.effects if one.what == "CPU an answer"]
    is_net = "colocated" in idle
    assert cpu.value is not None
    assert (cpu.value == pytest.approx(1.6, rel=0.1)) == (is_net or not idle)
    assert ("CPU is without what each store uses while nobody comes" in row.caveat) == is_net
    assert ("what each store uses while nobody comes is in its CPU" in row.caveat) == (not is_net)


def test_cpu_that_idling_explains_has_no_ratio(tmp_path: Path) -> None:
    idle = {"microservices": 0.0, "colocated": 0.0}
    run = read_run(write_run(tmp_path, Planted(
        phases=("latency",), in_one_process=("shop",), series=(("shop", 60.0),), idle_cores=idle)))
    busy = [trial.model_copy(update={"cost": {"total": PartCost(cpu_s=80.0, memory_bytes=1)}})
            if trial.phase == "idle" else trial for trial in run.record.trials]
    run.record.trials[:] = busy
    row = decided(run)["B1"]
    assert row.word == "not testable here"
    assert "took more CPU than the store uses while nobody comes" in row.missing


def test_what_decided_a_claim_stands_first() -> None:
    helps, hurts, open_end = effect(1.2, 1.4), effect(0.7, 0.9), effect(0.9, 1.2)
    row = every_one(CLAIMS["B7"], [helps, open_end, hurts])
    assert (row.word, row.effects) == ("contradicted", (hurts, helps, open_end))
    assert every_one(CLAIMS["B7"], [helps, open_end]).effects == (open_end, helps)


def test_of_many_effects_a_row_tells_the_first_and_its_file_has_all() -> None:
    row = Row(CLAIMS["B4"], "supported", tuple(effect(1.1 + n / 100, 1.4) for n in range(9)))
    table = table_of(row)
    here = " ".join(table.cells[0])
    assert here.count("1.40]") == 6
    assert "3 more in claims.csv" in here
    assert len(table.raw) == 9


def test_the_page_of_the_claims_is_what_claims_and_rules_say() -> None:
    written = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")
    assert written == page(), "run: python -m reports.claims.page > docs/claims.md"
