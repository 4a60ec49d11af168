"""The same capacity searched five times: do the answers agree, and how long does each take?

    python -m bench capacity_spread [--repeats 5] [--json]
    python -m bench capacity_spread --read results/RUN

The lab searches one store at one budget (ramp, bisect, confirm) again and again.  Targets: the
answers spread by at most 10 % of their median, and a search takes at most three minutes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from dataclasses import asdict, dataclass
from typing import Final

from bench.lab_run import add_options, record_of
from bench.ratio import MISSED
from contract.run_record import RunRecord, TrialRecord
from lab.plan.trials import OVERHEAD_S
from lab.scenario import BudgetKeys, PointKeys, ScenarioKeys, SearchKeys
from reports.threshold_ratio import REPEATABILITY

SPREAD: Final = REPEATABILITY
"""Target: (greatest − least) / median of the answers; what reports allow for repetition."""
SECONDS: Final = 180.0
"""Target: a search, its trials' overhead included."""
NAME: Final = "capacity-spread"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one search found.  `per_s`: None when it ended without a confirmed answer."""

    search: str
    per_s: float | None
    probes: int
    rejected: int
    seconds: float

    def __str__(self) -> str:
        found = f"{self.per_s:.1f} journeys/s" if self.per_s is not None else "no answer"
        return (f"  {self.search}: {found}, {self.probes} probes ({self.rejected} rejected), "
                f"{self.seconds:.0f} s")


@dataclass(frozen=True, slots=True)
class Spread:
    """All searches of one store at one point.  `spread`: None with an answer missing."""

    answers: list[Answer]
    spread: float | None
    slowest_s: float

    @property
    def is_met(self) -> bool:
        return (self.spread is not None and self.spread <= SPREAD
                and self.slowest_s <= SECONDS)

    def __str__(self) -> str:
        lines = [str(answer) for answer in self.answers]
        found = [answer.per_s for answer in self.answers if answer.per_s is not None]
        if self.spread is None:
            missing = len(self.answers) - len(found)
            lines.append(f"{missing} of {len(self.answers)} searches gave no answer: misses the "
                         "target")
        else:
            verdict = "meets" if self.spread <= SPREAD else "misses"
            lines.append(f"capacity {statistics.median(found):.1f} journeys/s, spread "
                         f"{100 * self.spread:.1f} %, n = {len(found)} searches, {verdict} the "
                         f"target of {100 * SPREAD:g} %")
        verdict = "meets" if self.slowest_s <= SECONDS else "misses"
        lines.append(f"slowest search {self.slowest_s:.0f} s, {verdict} the target of "
                     f"{SECONDS:g} s")
        return "\n".join(lines)


def scenario_of(given: argparse.Namespace) -> ScenarioKeys:
    """Nothing but searches, one after the other."""
    return ScenarioKeys(
        description="One capacity, searched again and again.", seed=given.seed,
        topologies=[given.topology], slo_ms=given.slo_ms,
        budget=BudgetKeys(cpus=given.cpus, memory_mb=2048),
        search=[SearchKeys(workload=given.workload, points=[PointKeys(cpus=given.cpus)],
                           repeats=given.repeats, probe_s=given.probe_s)])


def spread_of(record: RunRecord) -> Spread:
    """Read the searches of a run.  Raises ValueError when it has none.

    The run's time is divided over its searches in proportion to what their trials were meant
    to take.
    """
    searches: dict[str, list[TrialRecord]] = {}
    for trial in record.trials:
        if trial.probe:
            searches.setdefault(trial.probe.search, []).append(trial)
    if not searches:
        raise ValueError(f"{record.run} has searched no capacity")
    scale = record.duration_s / sum(_meant_s(trial) for trial in record.trials)
    answers = [
        Answer(name, answer_of(probes), len(probes),
               sum(trial.status == "rejected" for trial in probes),
               scale * sum(_meant_s(trial) for trial in probes))
        for name, probes in searches.items()]
    found = [answer.per_s for answer in answers if answer.per_s is not None]
    spread = ((max(found) - min(found)) / statistics.median(found)
              if len(found) == len(answers) else None)
    return Spread(answers, spread, max(answer.seconds for answer in answers))


def answer_of(probes: list[TrialRecord]) -> float | None:
    """The rate that was confirmed last; None when none was."""
    confirmed = [trial.probe.value for trial in probes
                 if trial.probe and trial.probe.step == "confirm" and trial.probe.holds]
    return confirmed[-1] if confirmed else None


def _meant_s(trial: TrialRecord) -> float:
    return OVERHEAD_S + sum(seconds for seconds, _ in trial.rate_profile)


def main() -> int:
    """Read arguments, measure, print; say whether both targets are met."""
    parser = argparse.ArgumentParser(prog="python -m bench capacity_spread", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="searches")
    parser.add_argument("--slo-ms", type=float, default=250.0, help="objective")
    parser.add_argument("--probe-s", type=float, default=4.0, help="measured window of a probe")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_options(parser)
    given = parser.parse_args()
    try:
        spread = spread_of(record_of(given, NAME, scenario_of(given)))
    except ValueError as nothing:
        sys.stderr.write(f"{nothing}\n")
        return 1
    if given.json:
        json.dump(asdict(spread), sys.stdout, indent=1)
    else:
        sys.stdout.write(f"{spread}\n")
    return 0 if spread.is_met else MISSED


if __name__ == "__main__":
    sys.exit(main())
