"""docs/faults.md lists the catalogue: every kind, with the modules it takes."""

from __future__ import annotations

import re

from contract.endpoints import BY_NAME, NEEDS
from lab.faults.catalogue import CALLED, MODULES, TAKES
from tests.architecture.source_tree import ROOT


def test_the_page_lists_every_kind_with_its_modules() -> None:
    page = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", page, re.MULTILINE)
    told = {kind: _modules(words) for kind, words in rows}
    assert told == dict(TAKES)


def test_a_way_can_be_broken_to_modules_that_others_call() -> None:
    called = {module for name, needs in NEEDS.items() for module in needs
              if module != BY_NAME[name].domain}
    assert called & MODULES == CALLED


def _modules(words: str) -> frozenset[str]:
    named = {word.strip() for word in words.split(",")}
    return frozenset(named - {"the five"} | (MODULES if "the five" in named else set()))
