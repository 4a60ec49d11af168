"""A journey that is owed and never released is missed; only a plan ended on purpose is shorter."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from time import perf_counter

import gevent
import pytest

import loadtests.trial
from contract.load import EarlyStop, LoadSpec
from loadtests.clock import Clock, new_clock
from loadtests.schedule import arrivals
from loadtests.trial import Trial

WEIGHTS = {"read_product": 1.0}
"""One row a journey."""


class Dying:
    """A clock that breaks at its `at`-th instant."""

    def __init__(self, at: int) -> None:
        self._clock, self._left = new_clock(), at

    def wait_until(self, instant: float) -> float:
        self._left -= 1
        if self._left < 0:
            raise RuntimeError("the dispatcher dies")
        return self._clock.wait_until(instant)

    def close(self) -> None:
        self._clock.close()


def drive(spec: LoadSpec, act: Callable[[Trial], None] = lambda _: None) -> Trial:
    """Nobody lives the journeys: each that was released is censored."""
    trial = Trial(spec)
    gevent.spawn_later(0.3, act, trial)
    trial.run(perf_counter())
    return trial


@pytest.fixture(autouse=True)
def _clocks_are_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A generator process ends with its trial; this one goes on, and its loop with the timers."""
    made: list[Clock] = []

    make = new_clock

    def remembered() -> Clock:
        made.append(make())
        return made[-1]

    monkeypatch.setattr(loadtests.trial, "new_clock", remembered)
    monkeypatch.setattr(f"{__name__}.new_clock", remembered)
    yield
    gc.collect()
    for clock in made:
        clock.close()


@pytest.fixture
def spec(new_spec: Callable[..., LoadSpec]) -> LoadSpec:
    return new_spec(weights=WEIGHTS, rate_profile=[(0.2, 50.0), (0.4, 50.0)], drain_s=0.05)


def test_journeys_that_a_dead_dispatcher_never_released_are_missed(
        spec: LoadSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loadtests.trial, "new_clock", lambda: Dying(5))
    trial = drive(spec)
    assert len(trial.rows) == 5
    assert trial.account.rows_scheduled == len(arrivals(spec)) > 10


def test_a_plan_that_was_stopped_on_purpose_ends_there_also_when_the_dispatcher_is_dead(
        spec: LoadSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    due = sum(one.offset_s < 0.25 for one in arrivals(spec))
    whole = drive(spec, Trial.stop_early)
    assert due <= len(whole.rows) == whole.account.rows_scheduled < len(arrivals(spec))
    monkeypatch.setattr(loadtests.trial, "new_clock", lambda: Dying(2))
    dead = drive(spec, Trial.stop_early)
    assert len(dead.rows) == 2
    assert due <= dead.account.rows_scheduled < len(arrivals(spec))


def test_a_trial_that_was_cut_off_ends_with_what_was_released(spec: LoadSpec) -> None:
    trial = drive(spec, Trial.close)
    assert 0 < len(trial.rows) == trial.account.rows_scheduled < len(arrivals(spec))


def test_an_early_stop_is_looked_for_and_the_rest_of_the_plan_is_not_owed(
        spec: LoadSpec) -> None:
    """Nobody is served, so every request is bad."""
    hopeless = spec.model_copy(update={
        "rate_profile": [(0.2, 100.0), (20.0, 100.0)], "slo_ms": 50.0,
        "early_stop": EarlyStop(attainment_below=0.5, over_s=0.3)})
    trial = drive(hopeless)
    assert trial.is_stopped_early
    assert 20 < len(trial.rows) == trial.account.rows_scheduled < len(arrivals(hopeless))
