"""From a search and its recorded probes to its next trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from contract.run_record import TrialRecord
from lab.plan.block import Group
from lab.plan.quantity import Quantity
from lab.plan.search import Answered, Question, next_question
from lab.plan.trials import PAST_CAPACITY, PlannedProbe, PlannedTrial, Step
from lab.scenario import ProbingKeys

_CAUTION: Final = 0.6
"""The second probe is at this share of the bound that the pilot shows."""
_PILOTS: Final = 2
"""A pilot that met a pause of the machine would send the search to the bottom of its range."""
_TYPICAL: Final[tuple[Step, ...]] = (
    "ramp", "ramp", "ramp", "ramp", "bisect", "bisect", "bisect", "bisect", "bisect", "bisect",
    "confirm", "confirm")
"""11 to 18 probes were recorded: a confirmation may fail, a doubtful failure is asked again."""


@dataclass(frozen=True, slots=True)
class Search:
    """One threshold.  `quantity`: what of; `template`: the trial without its rate."""

    name: str
    quantity: Quantity
    keys: ProbingKeys
    template: PlannedTrial

    def next(self, probes: list[TrialRecord]) -> PlannedTrial | None:
        """Return the next probe; None when the search has ended, with or without an answer."""
        answers = [
            Answered(self.quantity.difficulty(trial.probe.value), trial.probe.holds,
                     trial.probe.step)
            for trial in probes
            if trial.probe and trial.probe.holds is not None and trial.status != "rejected"]
        most = self.keys.most_probes
        if (len(answers) >= most or len(probes) >= 2 * most
                or self.quantity.is_out_of_reach(probes)):
            return None
        question = self._question(answers, probes)
        return self._trial(question) if question else None

    def outlook(self) -> list[PlannedTrial]:
        """Return probes of a typical search, with no rate yet."""
        return [self._trial(Question(1.0, step)) for step in _TYPICAL[-self.keys.most_probes:]]

    def _question(self, answers: list[Answered], probes: list[TrialRecord]) -> Question | None:
        pilot = self.quantity.pilot
        if all(one.difficulty == pilot for one in answers):  # what does it take?
            has_held = any(one.holds for one in answers)
            if not has_held and len(answers) < _PILOTS:
                return Question(pilot, "ramp")
            bound = self.quantity.bound(probes)
            if has_held and bound:
                return Question(max(_CAUTION * bound, pilot * 1.1), "ramp")
        hardest = max((one.difficulty for one in answers), default=0.0)
        return next_question(answers, pilot,
                             max(self.keys.resolution, self.quantity.finest(hardest)),
                             easiest=self.quantity.easiest)

    def _trial(self, question: Question) -> PlannedTrial:
        value = self.quantity.value(question.difficulty)
        factor = self.keys.confirm_factor if question.step == "confirm" else 1.0
        rate, budget = self.quantity.load(value)
        return replace(
            self.template, budget=budget, early_stop=PAST_CAPACITY,
            rate_profile=((self.keys.warmup_s, rate), (self.keys.probe_s * factor, rate)),
            probe=PlannedProbe(self.name, self.quantity.variable, value, question.step))


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
