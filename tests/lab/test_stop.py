"""What a run says when it stops can be pasted as it stands."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lab.stop import program, words_at_a_stop


@pytest.mark.parametrize(("called", "installed", "typed"), [
    (".venv/bin/twinstore", False, ".venv/bin/twinstore"),
    (".venv/bin/twinstore", True, "twinstore"),
    ("lab/__main__.py", False, "twinstore"),
])
def test_the_program_is_named_as_it_can_be_called(
        monkeypatch: pytest.MonkeyPatch, tmp_path: Path, called: str, installed: bool,
        typed: str) -> None:
    if installed:
        (tmp_path / "twinstore").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", [called])
    assert program() == typed


def test_before_anything_is_recorded_a_run_is_begun_again(
        monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", [".venv/bin/twinstore"])
    assert "begin again:  .venv/bin/twinstore run demo" in words_at_a_stop(tmp_path, "demo")
