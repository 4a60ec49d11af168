"""Locust's side: users that pull journeys from a queue, a constant shape, and events.

    TWINSTORE_LOAD_SPEC=spec.json locust -f loadtests/locustfile.py --headless

The users are only a cap on journeys in flight; when they come is decided by the schedule.
"""

from __future__ import annotations

import os
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

from locust import FastHttpUser, LoadTestShape, constant, events, task
from locust.env import Environment

from contract.load import LoadSpec
from loadtests.command import SPEC_ENV
from loadtests.conductor import Conductor, conductor_for
from loadtests.customers import read_tokens

_stage: dict[str, Conductor] = {}


class NoPandas(MetaPathFinder):
    """pyarrow imports pandas, if it can, before it converts a list: 0.3 s in every trial."""

    def find_spec(self, fullname: str, *_: Any) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError("pandas is kept out of the load generator")


class Visitor(FastHttpUser):
    """Lives journeys until the trial ends."""

    wait_time = constant(0)

    @task
    def live(self) -> None:
        _stage["conductor"].visit()


class AllAtOnce(LoadTestShape):
    """All users from the start: as many as journeys may be in flight, and as customers."""

    def tick(self) -> tuple[int, float] | None:
        spec = _stage["conductor"].spec
        processes = self.runner.environment.parsed_options.processes or 1
        each = len(read_tokens(Path(spec.tokens_file))) // processes
        users = min(spec.concurrency, each * processes)
        return users, users


@events.init.add_listener
def _prepare(environment: Environment, **_: Any) -> None:
    sys.meta_path.insert(0, NoPandas())
    path = Path(os.environ[SPEC_ENV])
    spec = LoadSpec.model_validate_json(path.read_bytes())
    environment.host = spec.base_url
    _stage["conductor"] = conductor_for(environment, spec)


@events.spawning_complete.add_listener
def _begin(**_: Any) -> None:
    _stage["conductor"].start()


@events.quitting.add_listener
def _write(**_: Any) -> None:
    _stage["conductor"].end()
