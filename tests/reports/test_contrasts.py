"""A pair carries a percentile by the number of its visitors; what has no ratio says why."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from sentences import speed_sentences, value
from synthetic import Planted, write_run

from contract.run_record import TrialRecord
from reports.arms import find_arms
from reports.claims.claim import effect_of_ratio
from reports.claims.evidence import Evidence
from reports.contrasts import band_of_percentiles, ratio_of_percentiles
from reports.document import Document, Note
from reports.estimate import ROWS_FOR, Floats, Ratio, ratio_of_pairs
from reports.guards import judge
from reports.latency import measure_latency
from reports.read import Run, read_run
from reports.stopping import WidthRule
from reports.verdicts import NO_PAIR, speed_verdict

SHORT = Planted(phases=("latency",), pairs=4, rate=55.0)
"""Some 440 first requests a trial."""


def twos(n: int) -> list[tuple[TrialRecord, TrialRecord]]:
    def one(number: int) -> TrialRecord:
        return TrialRecord.model_validate({
            "id": number, "phase": "latency", "pair": number // 2, "topology": "monolith",
            "store": "monolith", "workload": "shop", "rate_profile": [(2, 5), (8, 5)], "seed": 1,
            "warmup_s": 2, "measure_s": 8, "cpu_budget": 0.9, "slo_ms": 250})

    return [(one(2 * place), one(2 * place + 1)) for place in range(n)]


trials = st.tuples(st.integers(380, 420), st.sampled_from([0.0, 0.02, 0.2, 1.0]))
"""First requests, and the share of them without a right answer."""


def rows(n: int, wrong: float) -> Floats:
    times = np.linspace(1.0, 9.0, n)
    times[n - round(n * wrong):] = math.inf
    return times


@given(st.lists(st.tuples(trials, trials), max_size=6))
def test_what_is_said_of_a_percentile_is_what_its_pairs_carry(
        found: list[tuple[tuple[int, float], tuple[int, float]]]) -> None:
    values = {2 * place + side: rows(*one) for place, two in enumerate(found)
              for side, one in enumerate(two)}
    ratio, why = ratio_of_percentiles(values, twos(len(found)), 95.0, "first requests")
    assert (ratio is None) == bool(why)
    said, = speed_sentences(speed_verdict("p95", "a", "b", ratio or why, None).text)
    long = [two for two in found if min(n for n, _ in two) >= ROWS_FOR[95.0]]
    endless = sum(any(wrong > 0.05 for _, wrong in two) for two in long)
    if not found:
        assert (said.claim, why) == ("no pair", NO_PAIR)
    elif not long:
        assert said.claim == "too short"
        assert value(said.read["rows"]) == ROWS_FOR[95.0]
    elif endless:
        assert said.claim == "endless"
        assert (int(said.read["endless"]), value(said.read["n"])) == (endless, len(long))
        assert value(said.read["q"]) == 95
    else:
        assert ratio
        assert ratio.n == len(long)
        carried = [match.groups() for caveat in ratio.caveats
                   if (match := re.fullmatch(r"(\d+) of (\d+) pairs carry a p95", caveat))]
        assert carried == ([] if len(long) == len(found) else [(str(len(long)), str(len(found)))])
        assert effect_of_ratio("p95", ratio).caveats == ratio.caveats


def test_a_pair_of_equals_that_is_too_short_is_no_noise_floor() -> None:
    values = {0: rows(410, 0.0), 1: rows(399, 0.0)}
    assert band_of_percentiles(values, twos(1), 95.0) is None


def one_short(folder: Path) -> Run:
    """The third pair's second trial has one first request fewer than a p95 needs."""
    run = read_run(write_run(folder, SHORT))
    trial = run.record.trials[5]
    frame = run.rows(trial)
    firsts = frame.index[(frame["step"] == 0) & (frame["arrival_s"] >= trial.warmup_s)]
    gone = set(frame.loc[firsts[ROWS_FOR[95.0] - 1:], "journey_no"])
    whole = run.measured
    keep = {trial.id: frame["journey_no"].isin(gone)}

    class Shortened:
        record = run.record

        def __getattr__(self, name: str) -> object:
            return getattr(run, name)

        def measured(self, one: TrialRecord) -> object:
            found = whole(one)
            return found[~found["journey_no"].isin(gone)] if one.id in keep else found

    return Shortened()  # type: ignore[return-value]


def test_a_trial_that_is_one_row_short_takes_its_own_pair_and_no_other(tmp_path: Path) -> None:
    run = one_short(tmp_path)
    found = measure_latency(run, judge(run.record, {}), find_arms(run.record))
    assert found.pairs == 4
    ratio = found.ratios[95.0]
    assert ratio
    assert ratio.n == 3
    assert "3 of 4 pairs carry a p95" in ratio.caveats
    assert found.journeys
    whole = found.journeys.ratios[95.0]
    assert whole
    assert (whole.n, whole.caveats) == (3, ("3 of 4 pairs carry a p95",))
    half = found.ratios[50.0]
    assert half
    assert (half.n, half.caveats) == (4, ())
    assert found.why_not[50.0] == found.why_not[95.0] == ""
    for trial in run.record.trials:
        rows_ = next(one for one in found.samples[trial.topology] if one.trial == trial.id).first
        trial.p95_ms = None if len(rows_) < ROWS_FOR[95.0] else 5.0
    rule = WidthRule("monolith", "microservices", {"p95": 0.1}, 8)
    assert len(rule.pairs_of(run.record.trials, "p95")) == ratio.n, "the stop rule sees the same"


def test_the_chapter_says_how_many_pairs_carry_a_percentile(
        described: Callable[..., Document]) -> None:
    document = described(phases=("latency",), pairs=4, rate=50.0)
    lead = next(part for part in document.parts if part.anchor == "latency").lead
    table = next(table for part in document.parts for table in part.tables
                 if table.name == "latency_ratios")
    carried = {raw[3]: raw[4] for raw in table.raw}
    assert 0 < carried[95.0] < carried[50.0] == 4, "the seed has trials with 400 visitors and less"
    said = next(text for text in lead if text.startswith("Too few visitors"))
    assert f"{carried[95.0]} of 4 pairs carry a p95 of first requests" in said
    assert any(text.startswith("p99 of response time: not compared, for no pair of trials has "
                               "2,000 first requests in each") for text in lead)
    assert not [block for part in document.parts for block in part.blocks
                if isinstance(block, Note) and "Not compared, for want" in block.text]


def test_text_instead_of_a_ratio_is_the_sentence() -> None:
    assert speed_verdict("p95", "a", "b", "not compared, so", None).text == "p95: not compared, so."
    assert speed_verdict("p95", "a", "b", None, None).text == f"p95: {NO_PAIR}."
    assert speed_verdict("p95", "a", "b", Ratio(2.0, None, None, 1, 2.0, None),
                         None).word == "one pair"


def test_a_trial_whose_journeys_went_wrong_voids_their_ratio_in_the_ledger() -> None:
    """It once left out its pair, which looks at what was measured."""
    trial = twos(1)[0][0]
    frame = pd.DataFrame({"journey_no": range(60), "arrival_s": [5.0] * 60,
                          "latency_ms": [4.0] * 20 + [math.inf] * 40})
    nothing = cast(Any, None)
    evidence = Evidence(cast(Run, SimpleNamespace(measured=lambda _: frame)), *[nothing] * 7)
    assert evidence.journey_ms(trial) == math.inf
    assert ratio_of_pairs([4.0, 4.0], [5.0, math.inf]) is None
    frame = frame.head(19)
    assert evidence.journey_ms(trial) is None
