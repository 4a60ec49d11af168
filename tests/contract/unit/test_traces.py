"""Tracebacks for logs: where it broke, without what a client sent."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, insert

from contract.models import AccountCreate
from contract.traces import trace_of

SECRET = "hunter2-hunter2"


def of_pydantic() -> None:
    AccountCreate.model_validate({"email": SECRET, "name": 1, "password": [SECRET]})


def of_sqlalchemy() -> None:
    table = Table("things", MetaData(), Column("id", Integer), Column("secret", String))
    with create_engine("sqlite://").connect() as connection:
        connection.execute(insert(table).values(id=1, secret=SECRET))


def of_a_chain() -> None:
    try:
        of_pydantic()
    except ValueError as invalid:
        raise KeyError("outer") from invalid


def of_a_context() -> None:
    try:
        of_pydantic()
    except ValueError:
        raise KeyError("outer")  # noqa: B904 - the context is what is looked at


def traced(fails: Callable[[], None]) -> str:
    try:
        fails()
    except Exception as error:  # noqa: BLE001 - any
        return trace_of(error)
    raise AssertionError("it did not fail")


@pytest.mark.parametrize(("fails", "said"), [
    (of_pydantic, "ValidationError: 3 in AccountCreate"),
    (of_sqlalchemy, "OperationalError: INSERT INTO things"),
    (of_a_chain, "KeyError: 'outer'"), (of_a_context, "KeyError: 'outer'")])
def test_a_trace_tells_the_place_and_keeps_the_data(
        fails: Callable[[], None], said: str) -> None:
    text = traced(fails)
    assert SECRET not in text
    assert said in text
    assert f"in {fails.__name__}" in text


def test_causes_come_first() -> None:
    text = traced(of_a_chain)
    assert text.index("ValidationError") < text.index("KeyError: 'outer'")


def test_a_circle_of_causes_ends() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    assert trace_of(first).count("first") == 1


def test_what_was_suppressed_is_not_told() -> None:
    error = ValueError("outer")
    error.__context__, error.__suppress_context__ = ValueError("inner"), True
    assert "inner" not in trace_of(error)
