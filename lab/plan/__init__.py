"""A scenario becomes groups of trials: pure and seeded, so the same each time.

    scenario ─▶ blocks ─▶ next(records so far) ─▶ group of trials in the order of a coin

A plan keeps no state: what comes next follows from the scenario, its seed and what is recorded.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from contract.run_record import TrialRecord
from lab.plan.block import Block, Group, Listed
from lab.plan.capacity import hot_ramp_blocks, ramp_blocks, search_blocks
from lab.plan.hot import HotPartBlock, hot_part_blocks
from lab.plan.isolation import isolation_blocks
from lab.plan.latency import distance_blocks, idle_blocks, latency_blocks
from lab.plan.trials import PlannedTrial, forecast_s
from lab.scenario import ScenarioFile


class Plan:
    """What a scenario asks for, in order."""

    def __init__(self, file: ScenarioFile, name: str) -> None:
        self._name = name
        self._scenario = scenario = file.scenarios[name]
        self.blocks: tuple[Block, ...] = (
            *latency_blocks(scenario),
            *distance_blocks(scenario, scenario.distance),
            *idle_blocks(scenario, scenario.idle),
            *ramp_blocks(scenario, scenario.capacity),
            *search_blocks(scenario),
            *hot_ramp_blocks(scenario, scenario.hot),
            *hot_part_blocks(file, scenario),
            *isolation_blocks(file, scenario, scenario.isolation),
        )

    def next(self, history: Sequence[TrialRecord], elapsed_s: float = 0.0) -> list[PlannedTrial]:
        """Return the trials to be run now; none when the plan is done.

        `elapsed_s`: how long the run has taken; beyond the scenario's time budget nothing begins,
        but a pair that was cut off or rejected, and a search that has no answer yet, is finished.
        """
        budget = self._scenario.time_budget_s
        for block in self.blocks:
            own = [t for t in history if (t.phase, t.series) == (block.phase, block.series)]
            group = block.next(own)
            if group is None:
                continue
            if not group.goes_on and budget is not None and elapsed_s > budget:
                continue
            return self._in_order(block, group, history)
        return []

    def outlook(self) -> list[PlannedTrial]:
        """Return all trials at most (searches: a typical number), in an order that may come."""
        trials: list[PlannedTrial] = []
        for block in self.blocks:
            trials += block.outlook()
        return trials

    def groups_of(self, block: Block) -> list[list[PlannedTrial]]:
        """Return the groups of a block that are known before the run, each in its order."""
        groups: list[tuple[PlannedTrial, ...]] = []
        if isinstance(block, Listed):
            groups = list(block.groups)
        elif isinstance(block, HotPartBlock):
            groups = list(block.calibration().groups)
        return [self._in_order(block, Group(list(group), number), [])
                for number, group in enumerate(groups)]

    def forecast_s(self) -> float:
        """Estimate how long the whole plan takes. Unit: seconds."""
        return forecast_s(self.outlook())

    def _in_order(self, block: Block, group: Group,
                  history: Sequence[TrialRecord]) -> list[PlannedTrial]:
        # Journeys that a fault did not meet would not meet it the second time either.
        is_redrawn = bool(group.attempt) and any(
            trial.fault and trial.fault.void for trial in history
            if trial.pair == history[-1].pair and trial.attempt < group.attempt)
        again = f"-{group.attempt}" if is_redrawn else ""
        coin = random.Random(  # noqa: S311 - order, not a secret
            f"{self._scenario.seed}-{self._name}-{block.phase}-{block.series}-{group.number}{again}")
        trials = list(group.trials)
        coin.shuffle(trials)
        seed = coin.randrange(2**31)
        pair = (history[-1].pair if group.done or group.attempt
                else max((trial.pair for trial in history), default=-1) + 1)
        return [
            replace(trial, pair=pair, attempt=group.attempt,
                    seed=seed if is_redrawn else trial.seed or seed,
                    arm="b" if trial.is_aa and place else "a")
            for place, trial in enumerate(trials)
        ][group.done:]


__all__ = ["Plan", "PlannedTrial"]
