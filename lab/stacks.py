"""The stores that are up: the scenario's own all the time, variants while they are asked for.

While one is measured all others are stopped in place.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from lab.deploy.deployment import Deployment
from lab.deploy.stack import Stack
from lab.plan import PlannedTrial
from lab.scenario import ScenarioFile, ScenarioKeys
from lab.topology import Budget, Topology


@dataclass(frozen=True, slots=True)
class Variant:
    """A topology as a trial wants it."""

    topology: str
    replicas: int = 1
    replicated: str | None = None
    """The only program that has them; None: every program."""
    relayed: bool = False
    breakable: bool = False
    posture: Literal["raw", "resilient"] = "raw"


class Stacks:
    """Starts what trials ask for; `on_start` is told of every new stack, to check it, and what it
    is in words: the topology's name, and what is special."""

    def __init__(self, deployment: Deployment, file: ScenarioFile, scenario: ScenarioKeys,
                 on_start: Callable[[Stack, str], None]) -> None:
        self._deployment = deployment
        self._file = file
        self._scenario = scenario
        self._on_start = on_start
        self._up: dict[Variant, Stack] = {}
        self.own = [Variant(name) for name in scenario.topologies]
        """Always up: the one that is not under load stands still."""

    def get(self, trial: PlannedTrial) -> Stack:
        """Return the stack of a trial that `prepare` was asked for."""
        return self._up[variant_of(trial)]

    def prepare(self, trials: Iterable[PlannedTrial], tell: Callable[[str], None]) -> None:
        """Have exactly the scenario's own stacks and those of these trials up."""
        wanted = {*self.own, *(variant_of(trial) for trial in trials)}
        for variant in [one for one in self._up if one not in wanted]:
            self._deployment.stop(self._up.pop(variant))
        for variant in sorted(wanted - self._up.keys(), key=repr):
            tell(f"starting {_words(variant)}")
            stack = self._deployment.start(self._topology(variant), self.budget)
            self._up[variant] = stack
            self._on_start(stack, _words(variant))

    @contextlib.contextmanager
    def alone(self, stack: Stack) -> Iterator[None]:
        """Stop all other stores in place while the block runs: they take nothing from its cores.

        A part of theirs that ends meanwhile can be brought back only afterwards.
        """
        others = [one for one in self._up.values() if one is not stack]
        try:
            for other in others:
                other.pause()
            yield
        finally:
            for other in others:
                other.resume()

    @property
    def budget(self) -> Budget:
        """What every architecture of the scenario may use."""
        return Budget(self._scenario.budget.cpus, self._scenario.budget.memory_mb)

    def _topology(self, variant: Variant) -> Topology:
        topology = self._file.topologies[variant.topology].named(variant.topology)
        if variant.replicas > 1:
            topology = topology.with_replicas(variant.replicas, variant.replicated)
        return replace(topology, relayed=variant.relayed, posture=variant.posture,
                       breakable=variant.breakable)


def variant_of(trial: PlannedTrial) -> Variant:
    """Say which stack a trial needs."""
    return Variant(trial.topology, trial.replicas, trial.replicated, trial.relayed,
                   trial.breakable, trial.posture)


def _words(variant: Variant) -> str:
    of = f" of {variant.replicated}" if variant.replicated else ""
    details = [f"× {variant.replicas}{of}"] if variant.replicas > 1 else []
    details += ["in the resilient posture"] if variant.posture == "resilient" else []
    details += ["with ways that can break"] if variant.breakable else []
    details += ["with a distance between its services"] if variant.relayed else []
    return " ".join([variant.topology, *details])
