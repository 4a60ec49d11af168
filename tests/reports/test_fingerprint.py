"""Same work, the same answer with more work, other answers: each is called by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from contract.run_record import Limits, RunRecord, TrialRecord
from reports.arms import Arms, find_arms
from reports.confounds.find import Confounds
from reports.document import Note
from reports.fingerprint import Fingerprint, measure_fingerprints
from reports.guards import Judged
from reports.parts.fingerprint import fingerprint_part
from reports.parts.front import labels_of
from reports.read import Run
from reports.table import Table

Answers = list[tuple[str, int, int, int, int]]
"""endpoint, statements, rows, bytes, calls; one right answer each."""

SAME: Answers = [("get_product", 1, 1, 400, 0)] * 10
STORES = ("monolith", "microservices")


def make_run(*pairs: tuple[Answers, Answers], **trial: Any) -> tuple[Run, list[Judged], Arms]:
    """Pairs of trials with these answers, base first; keywords change every trial."""
    trials, rows = [], []
    for pair, arms in enumerate(pairs):
        for store, answers in zip(STORES, arms, strict=True):
            number = len(trials)
            trials.append(TrialRecord.model_validate({
                "id": number, "phase": "latency", "pair": pair, "topology": store, "store": store,
                "workload": "shop", "rate_profile": [], "seed": 1, "warmup_s": 1.0,
                "measure_s": 5.0, "cpu_budget": None, "slo_ms": 250.0} | trial))
            rows += [(number, 2.0, *answer, True) for answer in answers]
    frame = pd.DataFrame(rows, columns=["trial", "intended_s", "endpoint", "statements",
                                        "sql_rows", "bytes", "service_calls", "right"])
    frame["endpoint"] = frame["endpoint"].astype("category")
    record = RunRecord(
        schema_version=2, run="r", scenario="s", scenario_resolved={}, seed=1, started_unix_s=0.0,
        machine={}, versions={}, topologies={}, trials=trials,
        limits=Limits(cpu_budget=None, memory_budget_mb=None, enforced_by="nothing", enforced=[],
                      not_enforced=[], system_cpus=[], generator_cpus=[]))
    run = Run(Path(), record, frame, pd.DataFrame(), {one.id: one for one in trials})
    return run, [Judged(one, "ok", ()) for one in trials], find_arms(record)


def only(*pairs: tuple[Answers, Answers]) -> Fingerprint:
    found, = measure_fingerprints(*make_run(*pairs))
    return found


def test_equal_answers_from_equal_rows_are_the_same_work() -> None:
    found = only((SAME, SAME))
    assert (found.word, found.is_found) == ("same work", False)
    assert found.n == {"monolith": 10, "microservices": 10}


def test_what_the_split_adds_is_named_and_is_no_confound() -> None:
    found = only(([("place_order", 13, 13, 600, 0)] * 6, [("place_order", 19, 19, 600, 5)] * 6))
    assert (found.word, found.is_found) == ("same answer, work added by calls", False)
    assert found.ratio("sql_rows") == pytest.approx(19 / 13)
    assert found.sentence == (
        "place_order: same answer, work added by calls, an answer of monolith needs 13.0 "
        "statements, 13.0 rows and 0 calls between services, of microservices 19.0 statements, "
        "19.0 rows and 5.00 calls between services (means).")


@pytest.mark.parametrize(("base", "rival", "word"), [
    ((1, 25, 0), (25, 25, 0), "same answer, unequal work"),
    ((25, 25, 0), (1, 25, 0), "same answer, unequal work"),
    ((1, 25, 0), (25, 25, 1), "same answer, unequal work"),
    ((25, 25, 0), (1, 25, 5), "same answer, unequal work"),
    ((1, 1, 0), (1, 25, 0), "same answer, unequal work"),
    ((1, 1, 0), (2, 40, 1), "same answer, unequal work"),
    ((1, 1, 0), (2, 2, 1), "same answer, work added by calls"),
    ((1, 10, 0), (2, 20, 1), "same answer, work added by calls"),
    ((4, 4, 0), (5, 4, 1), "same answer, work added by calls"),
    ((4, 4, 0), (5, 4, 0), "same answer, unequal work"),
    ((13, 13, 0), (23, 23, 5), "same answer, work added by calls"),
    ((13, 13, 0), (26, 13, 5), "same answer, unequal work"),
    ((13, 13, 0), (13, 41, 5), "same answer, unequal work"),
])
def test_work_is_equal_as_far_as_calls_account_for_it(
        base: tuple[int, int, int], rival: tuple[int, int, int], word: str) -> None:
    """Statements, rows, calls: reading a list row by row is other work, whoever does it."""
    arms = [[("list_products", statements, rows, 900, calls)] * 6
            for statements, rows, calls in (base, rival)]
    found = only((arms[0], arms[1]))
    assert (found.word, found.is_found) == (word, word == "same answer, unequal work")


def test_unequal_work_stands_on_page_one_with_its_numbers() -> None:
    rows = [("list_products", 1, 25, 900, 0)] * 6, [("list_products", 25, 25, 900, 0)] * 6
    run, judged, arms = make_run(rows)
    found = Confounds([], [], [], [], measure_fingerprints(run, judged, arms))
    assert labels_of(run.record, judged, found, [])[-1] == (
        "Confound: list_products: same answer, unequal work, an answer of monolith needs 1.00 "
        "statements, 25.0 rows and 0 calls between services, of microservices 25.0 statements, "
        "25.0 rows and 0 calls between services (means); the calls do not account for it: their "
        "times are not those of the same work.")


def test_other_bytes_are_a_confound_whatever_the_rows() -> None:
    found = only((SAME, [("get_product", 1, 1, 409, 0)] * 10))
    assert (found.word, found.is_found) == ("unequal answers", True)
    assert only((SAME, [("get_product", 1, 1, 407, 0)] * 10)).word == "same work"
    assert only(([("get_product", 1, 1, 409, 0)] * 10, SAME)).is_found, "either way round"


def test_sizes_may_vary_where_both_stores_are_asked_the_same() -> None:
    pages = [("list_products", 2, n + 1, 100 * n, 0) for n in (1, 1, 1, 1, 20, 100)]
    found = only((pages, pages))
    assert found.word == "same work"
    spread = found.spreads["monolith"]["bytes"]
    assert (spread.median, spread.low, spread.high) == (100, 100, 10_000)


def test_a_pair_that_is_not_whole_is_left_out_on_both_sides() -> None:
    large = [("get_product", 1, 1, 4000, 0)] * 10
    run, judged, arms = make_run((SAME, SAME), (SAME, large))
    judged[3] = Judged(judged[3].trial, "rejected", ("lag",))
    found, = measure_fingerprints(run, judged, arms)
    assert found.word == "same work"
    assert set(found.n.values()) == {10}


def test_wrong_answers_and_the_warm_up_do_not_count() -> None:
    run, judged, arms = make_run((SAME, SAME))
    odd = run.requests.iloc[[12, 13]].assign(bytes=9999, statements=0)
    late = [odd.iloc[[0]].assign(right=False), odd.iloc[[1]].assign(intended_s=0.5)]
    frame = pd.concat([run.requests, *late], ignore_index=True)
    found, = measure_fingerprints(Run(run.folder, run.record, frame, run.audit, run.trials),
                                  judged, arms)
    assert found.n["microservices"] == 10
    assert found.spreads["microservices"]["bytes"].high == 400


def test_few_answers_say_nothing() -> None:
    found = only((SAME[:4], SAME))
    assert (found.word, found.is_found) == ("unknown", False)


def test_rows_out_of_nothing_are_unequal_and_nothing_of_both_is_equal() -> None:
    nothing = [("livez", 0, 0, 15, 0)] * 6
    assert only((nothing, nothing)).word == "same work"
    assert only((nothing, [("livez", 1, 1, 15, 0)] * 6)).word == "same answer, unequal work"


def test_the_part_has_a_summary_the_table_and_warnings() -> None:
    cart = [("show_cart", 1, 2, 300, 0)] * 5, [("show_cart", 2, 4, 300, 1)] * 5
    odd = [("get_order", 2, 2, 300, 0)] * 5, [("get_order", 2, 2, 900, 0)] * 5
    blocks = fingerprint_part(*make_run((SAME + cart[0] + odd[0], SAME + cart[1] + odd[1])))
    notes = [block for block in blocks if isinstance(block, Note)]
    assert notes[0].text == ("Work by endpoint. same work: get_product; same answer, work added by "
                             "calls: show_cart; unequal answers: get_order.")
    assert [note.text.split(":")[0] for note in notes if note.kind == "caveat"] == ["get_order"]
    table, = (block for block in blocks if isinstance(block, Table))
    assert {len(row) for row in table.cells} == {len(table.columns)}
    assert {len(row) for row in table.raw} == {len(table.raw_columns)}
    assert [row[-1] for row in table.cells] == ["unequal answers", "same work",
                                                "same answer, work added by calls"]


def test_without_pairs_the_part_says_so() -> None:
    for phase in ("capacity", "idle"):
        note, = fingerprint_part(*make_run((SAME, SAME), phase=phase))
        assert isinstance(note, Note)
        assert "not shown" in note.text
