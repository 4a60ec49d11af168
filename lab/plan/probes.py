"""From a search and its recorded probes to its next trial."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from contract.run_record import TrialRecord
from lab.plan.block import Group
from lab.plan.search import Answered, Question, next_question
from lab.plan.split import Work, split
from lab.plan.trials import PAST_CAPACITY, PlannedProbe, PlannedTrial, Step
from lab.scenario import ProbingKeys

_CAUTION: Final = 0.6
"""The ramp begins at this share of the utilisation bound."""
_LEAST_RATE: Final = 0.5
_PILOTS: Final = 2
"""A pilot that met a pause of the machine would send the search to the bottom of its range."""
_MOST_CPUS: Final = 64.0
_TYPICAL: Final[tuple[Step, ...]] = (
    "ramp", "ramp", "ramp", "ramp", "bisect", "bisect", "bisect", "bisect", "bisect", "bisect",
    "confirm", "confirm")
"""11 to 18 probes were recorded: a confirmation may fail, a doubtful failure is asked again."""


@dataclass(frozen=True, slots=True)
class Search:
    """One threshold: the highest rate, or the fewest cores at a rate.

    `template`: the trial without its rate.
    """

    name: str
    variable: Literal["rate", "cpus"]
    keys: ProbingKeys
    template: PlannedTrial
    rate_per_s: float = 0.0
    """The fixed rate of a search for `cpus`."""
    works: Mapping[str, Work] = field(default_factory=dict)
    """By part: a search for `cpus` splits each budget that it asks for by them; empty: one pool."""

    def next(self, probes: list[TrialRecord]) -> PlannedTrial | None:
        """Return the next probe; None when the search has ended, with or without an answer."""
        answers = [
            Answered(self._difficulty(trial.probe.value), trial.probe.holds, trial.probe.step)
            for trial in probes
            if trial.probe and trial.probe.holds is not None and trial.status != "rejected"]
        if len(answers) >= self.keys.most_probes or len(probes) >= 2 * self.keys.most_probes:
            return None
        question = self._question(answers, probes)
        return self._trial(question) if question else None

    def outlook(self) -> list[PlannedTrial]:
        """Return probes of a typical search, with no rate yet."""
        return [self._trial(Question(1.0, step)) for step in _TYPICAL[-self.keys.most_probes:]]

    def _question(self, answers: list[Answered], probes: list[TrialRecord]) -> Question | None:
        pilot, easiest = self._range()
        if all(one.difficulty == pilot for one in answers):  # what does a journey cost?
            has_held = any(one.holds for one in answers)
            if not has_held and len(answers) < _PILOTS:
                return Question(pilot, "ramp")
            bound = self._bound(demand(probes))
            if has_held and bound:
                return Question(max(_CAUTION * bound, pilot * 1.1), "ramp")
        return next_question(answers, pilot, self.keys.resolution, easiest=easiest)

    def _range(self) -> tuple[float, float]:
        """Return the difficulty of the first probe, and the easiest that is asked."""
        if self.variable == "cpus":
            return 1 / (self.template.budget.cpus or 1.0), 1 / _MOST_CPUS
        return self.keys.pilot_rate_per_s, _LEAST_RATE

    def _bound(self, cpu_s: float | None) -> float | None:
        """Return the greatest difficulty by the utilisation law, of `cpu_s` a journey."""
        cpus = self.template.budget.cpus
        if not cpu_s or not cpus:
            return None
        return cpus / cpu_s if self.variable == "rate" else 1 / (self.rate_per_s * cpu_s)

    def _difficulty(self, value: float) -> float:
        return value if self.variable == "rate" else 1 / value

    def _trial(self, question: Question) -> PlannedTrial:
        value = (question.difficulty if self.variable == "rate" else 1 / question.difficulty)
        factor = self.keys.confirm_factor if question.step == "confirm" else 1.0
        rate = value if self.variable == "rate" else self.rate_per_s
        budget = self.template.budget
        if self.variable == "cpus":
            budget = replace(budget, cpus=value, shares=split(self.works, value))
        return replace(
            self.template, budget=budget, early_stop=PAST_CAPACITY,
            rate_profile=((self.keys.warmup_s, rate), (self.keys.probe_s * factor, rate)),
            probe=PlannedProbe(self.name, self.variable, value, question.step))


def next_group(searches: list[Search], own: list[TrialRecord]) -> Group | None:
    """One probe of every search that has not ended; None when all have.

    A group that was cut off is finished first: each search has its probe once in a group.
    """
    asked = {search.name: [t for t in own if t.probe and t.probe.search == search.name]
             for search in searches}
    names = {search.name for search in searches}
    mine = [trial for trial in own if trial.probe and trial.probe.search in names]
    number = len({trial.pair for trial in own})
    if mine:
        last = [trial for trial in mine if trial.pair == mine[-1].pair]
        before = {name: [t for t in probes if t.pair != mine[-1].pair]
                  for name, probes in asked.items()}
        whole = _probes(searches, before)
        if len(last) < len(whole):
            return Group(whole, number - 1, done=len(last), goes_on=True)
    trials = _probes(searches, asked)
    return Group(trials, number, goes_on=bool(mine)) if trials else None


def _probes(searches: Sequence[Search],
            asked: dict[str, list[TrialRecord]]) -> list[PlannedTrial]:
    return [trial for search in searches
            if (trial := search.next(asked[search.name])) is not None]


def demand(trials: Sequence[TrialRecord]) -> float | None:
    """CPU seconds a journey, from the trial with the most journeys; None when unknown.

    The utilisation law: throughput can't exceed cores ÷ this.
    """
    known = [(journeys_of(trial), cpu_s_of(trial)) for trial in trials
             if trial.status != "rejected" and not trial.stopped_early]
    journeys, cpu_s = max(known, default=(0.0, 0.0))
    return cpu_s / journeys if journeys > 0 and cpu_s > 0 and math.isfinite(cpu_s) else None


def journeys_of(trial: TrialRecord) -> float:
    """Journeys that were scheduled in the measured window, on average."""
    return sum(seconds * rate for seconds, rate in trial.rate_profile[1:])


def cpu_s_of(trial: TrialRecord) -> float:
    """CPU seconds of the whole architecture in the measured window."""
    total = trial.cost.get("total")
    return total.cpu_s if total else sum(cost.cpu_s for cost in trial.cost.values())
