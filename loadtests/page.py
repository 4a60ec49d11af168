"""Feed Locust's own page."""

from __future__ import annotations

from locust.env import Environment

from loadtests.asks import Ask
from loadtests.recorder import Row
from loadtests.visitor import Reporter


def reporter_for(environment: Environment) -> Reporter | None:
    """Report with response times from the intended instant; nothing without a page."""
    if environment.parsed_options.headless:
        return None
    fire = environment.events.request.fire

    def report(ask: Ask, row: Row) -> None:
        failure = None if row[9] == "ok" else f"{row[9]} {row[8] or ''} {row[10]}".strip()
        fire(request_type=ask.method, name=ask.endpoint, response_time=(row[7] - row[4]) * 1000,
             response_length=row[12], exception=failure, context={}, response=None)

    return report
