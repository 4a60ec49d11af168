"""How long each topology takes from nothing to its first good answer through the proxy.

Includes PostgreSQL, creating and seeding the databases, every replica and Envoy; excludes what
both share (initialising the database template, the bank).  Target: at most 6 s each.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from scipy import stats

from bench.ratio import MISSED
from lab.deploy.deployment import Deployment
from lab.scenario_file import read_scenarios

TARGET_S = 6.0


def measure(rounds: int, scenarios: Path) -> dict[str, list[float]]:
    """Start and stop each topology in turns; return seconds by topology."""
    file = read_scenarios(scenarios)
    found: dict[str, list[float]] = {name: [] for name in file.topologies}
    for number in range(rounds):
        names = list(file.topologies)
        for name in names[::-1] if number % 2 else names:
            with tempfile.TemporaryDirectory(prefix="twinstore-bench-") as folder, \
                    Deployment(Path(folder)) as deployment:
                found[name].append(deployment.start(file.topologies[name].named(name)).startup_s)
    return found


def main() -> int:
    """Read arguments, measure, print; say whether the target is met."""
    parser = argparse.ArgumentParser(prog="python -m bench startup", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--file", type=Path, default=Path("scenarios.yaml"))
    parser.add_argument("--json", action="store_true", help="print for programs")
    given = parser.parse_args()
    found = measure(given.rounds, given.file)
    if given.json:
        json.dump(found, sys.stdout)
    else:
        sys.stdout.writelines(_sentence(name, seconds) for name, seconds in found.items())
    return 0 if all(np.mean(seconds) <= TARGET_S for seconds in found.values()) else MISSED


def _sentence(name: str, seconds: list[float]) -> str:
    mean, n = float(np.mean(seconds)), len(seconds)
    half = (float(stats.t.ppf(0.975, n - 1) * np.std(seconds, ddof=1) / np.sqrt(n))
            if n > 1 else float("inf"))
    verdict = "meets" if mean <= TARGET_S else "misses"
    return (f"start-up of {name}: {mean:.1f} s ± {half:.1f} s, n = {n}, {verdict} "
            f"the target of {TARGET_S:g} s\n")


if __name__ == "__main__":
    sys.exit(main())
