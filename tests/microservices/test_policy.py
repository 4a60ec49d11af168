"""What is left of a request's time limits every call that it causes."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from contract.errors import DependencyUnavailable
from contract.http import request_id
from contract.posture import DEADLINE_HEADER
from microservices.exchange import CURRENT, Exchange
from microservices.peers import Answer, Peers
from microservices.policy import deadline_of, patience_s


class Remembering:
    """A transport that answers at once and keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, str]] = []

    async def send(self, *sent: Any) -> Answer:
        self.sent.append(sent[3])
        return Answer(200, {}, b"")

    async def close(self) -> None:
        """There is nothing to let go."""


def call_within(deadline: float | None) -> tuple[bool, list[dict[str, str]]]:
    transport = Remembering()

    async def call() -> bool:
        CURRENT.set(Exchange(request_id(None), deadline))
        return await Peers(transport, "t", 3.0).is_ready("catalog", 3.0)

    return asyncio.run(call()), transport.sent


def test_what_is_left_is_handed_on() -> None:
    answered, [headers] = call_within(time.monotonic() + 2)
    assert answered
    assert 0 < int(headers[DEADLINE_HEADER]) <= 2_000


def test_when_the_time_is_over_nobody_is_asked() -> None:
    assert call_within(time.monotonic() - 0.001) == (False, [])


def test_without_a_deadline_nothing_is_handed_on() -> None:
    answered, [headers] = call_within(None)
    assert answered
    assert DEADLINE_HEADER not in headers


def test_a_caller_can_shorten_the_time_and_not_lengthen_it() -> None:
    for sent, most_s in [("500", 0.5), ("999999", 5.5), ("-1", 5.5), ("x", 5.5), (None, 5.5),
                         ("9" * 5_000, 5.5), ("", 5.5)]:
        now, deadline = time.monotonic(), deadline_of(sent, 5.5)
        assert deadline
        assert most_s <= deadline - now < most_s + 1, sent


def test_in_the_raw_posture_nothing_that_is_sent_counts() -> None:
    assert deadline_of("1", None) is None
    assert patience_s(None, 3.0) == 3.0


def test_a_call_waits_for_the_shorter_of_the_two() -> None:
    assert patience_s(time.monotonic() + 60, 3.0) == 3.0
    assert patience_s(time.monotonic() + 1, 3.0) <= 1
    with pytest.raises(DependencyUnavailable, match="is over"):
        patience_s(time.monotonic() - 1, 3.0)
