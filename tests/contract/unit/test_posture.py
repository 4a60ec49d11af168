"""Postures by name, each replica's part of the bulkhead, and the bulkhead itself."""

from __future__ import annotations

import pytest

from contract.errors import BankUnavailable
from contract.posture import (
    BANK_CALLS_ENV,
    POSTURE_ENV,
    RAW,
    RESILIENT,
    Bulkhead,
    read_bank_calls,
    read_posture,
)


def test_a_program_is_told_its_posture_by_name() -> None:
    assert read_posture({}) is RAW
    assert read_posture({POSTURE_ENV: "resilient"}) is RESILIENT
    with pytest.raises(KeyError, match="sturdy"):
        read_posture({POSTURE_ENV: "sturdy"})


def test_raw_bounds_no_payments_and_a_replica_has_its_part() -> None:
    assert read_bank_calls(RAW, {}) is None
    assert read_bank_calls(RESILIENT, {}) == RESILIENT.bank_calls
    assert read_bank_calls(RESILIENT, {BANK_CALLS_ENV: "4"}) == 4


def test_who_finds_no_place_is_refused_and_a_place_is_given_back() -> None:
    bulkhead = Bulkhead(2)
    for _ in range(3):
        with bulkhead.place(), bulkhead.place(), pytest.raises(BankUnavailable), bulkhead.place():
            raise AssertionError
    with pytest.raises(ZeroDivisionError), bulkhead.place():
        raise ZeroDivisionError
    with bulkhead.place(), bulkhead.place():
        pass


def test_without_a_bound_everybody_has_a_place() -> None:
    bulkhead = Bulkhead(None)
    with bulkhead.place(), bulkhead.place(), bulkhead.place():
        pass
