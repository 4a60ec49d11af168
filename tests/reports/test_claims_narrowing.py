"""B5: a gap is the distance of a ratio from 1, whichever store is the faster."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.claims.claim import Row, by_direction
from reports.claims.evidence import Evidence
from reports.claims.heavier_work import LISTS, heavier_work
from reports.estimate import Band, Ratio


def narrowed(*logs: float, half: float = 0.02, band: Band | None = None) -> Row:
    """B5 by the logarithms of microservices ÷ monolith from short lists to long ones."""
    latencies = {name: SimpleNamespace(bands={50.0: band}, ratios={50.0: Ratio(
        math.exp(at), math.exp(at - half), math.exp(at + half), 20, math.exp(at), 0.01)})
        for name, at in zip(LISTS, logs, strict=True)}
    return heavier_work(cast(Evidence, SimpleNamespace(
        base="monolith", rival="microservices", of_workload=latencies.get,
        hop_caveat=lambda _: "")))


@pytest.mark.parametrize(("logs", "word"), [
    ((1.0, 0.6, 0.2), "supported"), ((-1.0, -0.6, -0.2), "supported"),
    ((0.2, 0.6, 1.0), "contradicted"), ((-0.2, -0.6, -1.0), "contradicted"),
    ((1.0, 0.6, 0.59), "no difference shown"), ((-1.0, -0.6, -0.59), "no difference shown"),
    ((1.0, 0.6, 0.0), "supported"), ((1.0, 0.6, -0.3), "no difference shown"),
    ((1.0, 0.6, -0.9), "contradicted"), ((0.3, -0.9, -0.8), "contradicted"),
    ((0.0, 0.5, 1.0), "not testable here"), ((0.01, -0.5, -1.0), "not testable here")])
def test_a_gap_narrows_where_ratios_come_nearer_to_1_from_either_side(
        logs: tuple[float, float, float], word: str) -> None:
    """A ratio below 1 that fell further was a gap that narrowed, once."""
    row = narrowed(*logs)
    assert row.word == word
    whole, *steps = row.effects[:3]
    side = -1 if logs[0] < -0.1 else 1
    assert [math.log(one.value or 0) for one in (whole, *steps)] == pytest.approx(
        [side * (b - a) for a, b in ((logs[0], logs[2]), logs[:2], logs[1:])])
    assert [one.what for one in steps] == ["ratio at list_medium ÷ ratio at list_small",
                                           "ratio at list_large ÷ ratio at list_medium"]
    assert [math.log(one.value or 0) for one in row.effects[3:]] == pytest.approx(logs)
    assert ("microservices is the faster at list_small" in row.caveat) == (side < 0)
    turned = [name for name, at in zip(LISTS, logs, strict=True)
              if row.word != "not testable here" and at * logs[0] < -0.01]
    assert ("a gap that turns round is not narrowed" in row.caveat) == bool(turned)
    assert ("a gap that is not shown" in row.missing) == (word == "not testable here")


def test_a_ratio_that_may_lie_as_far_on_the_other_side_is_no_smaller_gap() -> None:
    """Its step is shown and its interval holds 1, but reaches as far below as it was above."""
    row = narrowed(0.2, -0.09, -0.09, half=0.1)
    assert row.word == "no difference shown"
    assert by_direction(row.effects[1]) == "contradicted"
    assert "list_medium may lie as far from 1 on the other side" in row.caveat


def test_a_gap_within_the_noise_floor_is_none() -> None:
    band = Band(math.exp(-0.5), math.exp(0.5), 4)
    assert narrowed(0.4, 0.3, 0.2, band=band).word == "not testable here"
    assert narrowed(2.5, 1.5, 0.6, band=band).word == "supported"
    assert narrowed(1.0, 0.6, 0.55, band=band).word == "no difference shown"


@given(st.tuples(*[st.floats(-2, 2)] * 3), st.floats(0.01, 0.5))
def test_a_gap_is_judged_the_same_whichever_store_is_named_first(
        logs: tuple[float, float, float], half: float) -> None:
    row, other = narrowed(*logs, half=half), narrowed(*(-at for at in logs), half=half)
    assert row.word == other.word
    first, second, third = map(abs, logs)
    if row.word == "supported":
        assert first > second > third
    if row.word == "contradicted":
        assert second > first or third > second
