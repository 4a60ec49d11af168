"""A synthetic run for all tests of reports, built once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # `import synthetic`, also from bench

from synthetic import Planted, write_run

import reports
from reports.compose import describe
from reports.document import Document
from reports.figures.style import drawing_style
from reports.read import read_run


@pytest.fixture(scope="session")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("run"), Planted(pairs=5))


@pytest.fixture(scope="session")
def report(run_dir: Path) -> reports.Report:
    return reports.build(run_dir)


@pytest.fixture
def described(tmp_path: Path) -> Callable[..., Document]:
    """Compute a document from a planted world, without writing it."""

    def make(planted: Planted | None = None, **changes: Any) -> Document:
        folder = write_run(tmp_path / "run", planted or Planted(**changes))
        with drawing_style():
            return describe(read_run(folder))

    return make
