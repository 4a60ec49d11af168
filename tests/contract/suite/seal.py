"""Writes the suite's receipt when all of it has passed (contract/receipt.py)."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.receipt import Receipt, digest_of_sources, write_receipt

SUITE = Path(__file__).parent


class Seal:
    """A pytest plugin; a part of the suite, or one test skipped or failed, makes no receipt."""

    def __init__(self, targets: tuple[str, ...]) -> None:
        self._targets = targets
        self._sources = digest_of_sources()
        self._wanted: set[str] = set()
        self._passed: set[str] = set()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        items = [item for item in session.items if item.path.is_relative_to(SUITE)]
        options = session.config.option
        is_chosen = options.keyword or options.markexpr or any("::" in a for a in
                                                               session.config.args)
        files = set(SUITE.glob("test_*.py"))
        if not is_chosen and {item.path for item in items} == files:
            self._wanted = {item.nodeid for item in items}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self._passed.add(report.nodeid)
        elif report.failed:
            self._wanted.add(f"{report.nodeid} failed")

    def pytest_sessionfinish(self) -> None:
        is_whole = bool(self._wanted) and self._wanted <= self._passed
        if is_whole and digest_of_sources() == self._sources:
            write_receipt(Receipt(self._sources, len(self._wanted), list(self._targets)))
