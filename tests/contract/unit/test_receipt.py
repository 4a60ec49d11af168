"""The receipt stands for one state of the sources, and for a whole suite only."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.receipt import Receipt, digest_of_sources, has_passed, read_receipt, write_receipt

pytest_plugins = ["pytester"]

SUITE = """
import pytest
@pytest.mark.parametrize("n", [1, 2])
def test_it(n): {body}
"""
SEALED = """
import sys
from pathlib import Path
import pytest
from tests.contract.suite import seal
seal.SUITE = Path(__file__).parent
seal.write_receipt = lambda receipt: Path("receipt").write_text(str(receipt.tests))
def pytest_configure(config):
    config.pluginmanager.register(seal.Seal(("here",)), "seal")
"""


def _sources(root: Path) -> Path:
    (root / "monolith").mkdir()
    (root / "monolith" / "app.py").write_text("shop = 1\n")
    return root


def test_a_changed_line_a_new_file_and_another_name_change_the_digest(tmp_path: Path) -> None:
    root = _sources(tmp_path)
    before = digest_of_sources(root)
    assert digest_of_sources(root) == before
    (root / "monolith" / "app.py").write_text("shop = 2\n")
    changed = digest_of_sources(root)
    (root / "monolith" / "app.py").rename(root / "monolith" / "other.py")
    assert len({before, changed, digest_of_sources(root)}) == 3


def test_a_receipt_is_for_its_sources_only(tmp_path: Path) -> None:
    root = _sources(tmp_path)
    path = tmp_path / "receipt.json"
    assert not has_passed(root, path)
    write_receipt(Receipt(digest_of_sources(root), 3, ["monolith"]), path)
    assert has_passed(root, path)
    (root / "monolith" / "app.py").write_text("shop = 3\n")
    assert not has_passed(root, path)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"sources": "x", "more": 1}'])
def test_a_spoilt_receipt_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "receipt.json"
    path.write_text(text)
    assert read_receipt(path) is None


@pytest.mark.parametrize(("body", "arguments", "is_sealed"), [
    ("pass", [], True),
    ("assert n == 1", [], False),
    ("pytest.skip('no')", [], False),
    ("pass", ["-k", "1"], False),
    ("pass", ["test_shop.py::test_it[1]"], False),
])
def test_only_a_whole_suite_that_passed_is_sealed(
        pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, body: str,
        arguments: list[str], is_sealed: bool) -> None:
    pytester.makeconftest(SEALED)
    pytester.makepyfile(test_shop=SUITE.format(body=body))
    root = Path(__file__).parents[3]
    monkeypatch.setenv("PYTHONPATH", str(root))
    pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)
    assert (pytester.path / "receipt").exists() is is_sealed
