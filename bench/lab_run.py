"""Run a scenario of a bench's own through the lab, as `twinstore run` does."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console

from contract.run_record import RunRecord
from lab.run import Options, run_scenario
from lab.run_folder import RunFolder
from lab.scenario import ScenarioFile, ScenarioKeys
from lab.scenario_file import read_scenarios


def add_options(parser: argparse.ArgumentParser) -> None:
    """What every bench that runs the lab can be asked."""
    parser.add_argument("--topology", default="monolith", help="what is measured")
    parser.add_argument("--workload", default="shop", help="who comes")
    parser.add_argument("--cpus", type=float, default=0.9, help="budget, in cores")
    parser.add_argument("--file", type=Path, default=Path("scenarios.yaml"),
                        help="where topologies and workloads are defined")
    parser.add_argument("--results", type=Path, default=Path("results"),
                        help="folder of all runs; the run's raw rows are kept there")
    parser.add_argument("--read", type=Path, metavar="RUN",
                        help="don't measure: print the figures of a recorded run")


def record_of(given: argparse.Namespace, name: str, scenario: ScenarioKeys) -> RunRecord:
    """Return the record that was asked for: of a recorded run, or of a new one.

    What is measured is the instrument, not the stores: the contract suite's receipt is waived.
    """
    if given.read:
        return RunFolder(given.read).read_record()
    outcome = run_scenario(with_scenario(given.file, name, scenario), name, given.results,
                           Console(stderr=True), Options(unverified=True))
    return RunFolder(outcome.report.parents[1]).read_record()


def with_scenario(file: Path, name: str, scenario: ScenarioKeys) -> ScenarioFile:
    """The definitions of a file with one scenario, this one."""
    return read_scenarios(file).model_copy(update={"scenarios": {name: scenario}})
