"""Everything that a trial needs, for tests that run single trials."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from lab.deploy.deployment import Deployment
from lab.run_folder import RunFolder
from lab.scenario import ScenarioFile
from lab.stacks import Stacks
from lab.trial import Bench


@contextlib.contextmanager
def bench_of(file: ScenarioFile, name: str, results: Path) -> Iterator[Bench]:
    """Have the stores of a scenario up while the block runs; nobody is signed in."""
    scenario = file.scenarios[name]
    folder = RunFolder.create(results, name)
    tokens = folder.path / "tokens"
    tokens.write_text("token\n" * 40, encoding="ascii")
    with Deployment(folder.path, scenario.platform, scenario.data) as deployment:
        stacks = Stacks(deployment, file, scenario, lambda *_: None)
        stacks.prepare([], lambda _: None)
        yield Bench(file, scenario, deployment, stacks, folder, tokens)
