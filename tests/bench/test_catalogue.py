"""`python -m bench`: everything is listed, described, and found by its name."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bench.__main__ import BENCHES, main
from bench.report_speed import digest

ROOT = Path(__file__).parents[2]


def test_every_module_that_can_be_run_is_listed() -> None:
    runnable = {path.stem for path in (ROOT / "bench").glob("*.py")
                if "python -m bench" in path.read_text(encoding="utf-8")
                and path.stem not in ("__main__", "known_server")}
    assert {bench.name for bench in BENCHES} >= runnable
    for bench in BENCHES:
        assert (ROOT / "bench" / f"{bench.name}.py").exists()


def test_the_quick_ones_take_ten_minutes_at_most() -> None:
    assert sum(bench.takes_s for bench in BENCHES if bench.is_quick) <= 600


def test_the_documentation_names_each(capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "docs" / "bench.md").read_text(encoding="utf-8")
    assert main(["--list"]) == 0
    listed = capsys.readouterr().out
    for bench in BENCHES:
        assert f"`{bench.name}`" in text
        assert bench.name in listed


def test_the_method_quotes_figures_of_the_bench_and_makes_none() -> None:
    method = (ROOT / "docs" / "method.md").read_text(encoding="utf-8")
    bench = (ROOT / "docs" / "bench.md").read_text(encoding="utf-8")
    section = method.partition("### The instrument, measured")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]]
            for line in section.splitlines() if line.startswith("| ")][1:]
    assert {row[0].partition(":")[0] for row in rows} == {
        "truth", "freeze", "noise floor", "capacity spread", "report speed"}
    for what, measured, _ in rows:
        assert measured in bench, what


def test_a_wrong_name_is_answered_with_the_right_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fault-pionts"]) == 2
    assert "Did you mean fault_points?" in capsys.readouterr().err


@pytest.fixture(scope="module")
def helped() -> dict[str, subprocess.CompletedProcess[str]]:
    """What each bench says of itself, asked side by side."""
    names = [bench.name for bench in BENCHES]
    with ThreadPoolExecutor(4) as pool:
        return dict(zip(names, pool.map(_help_of, names), strict=True))


def _help_of(name: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "bench", name, "--help"], cwd=ROOT, check=False,
                          capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("name", [bench.name for bench in BENCHES])
def test_each_explains_itself(helped: dict[str, subprocess.CompletedProcess[str]],
                              name: str) -> None:
    shown = helped[name]
    assert shown.returncode == 0, shown.stderr
    assert f"python -m bench {name}" in shown.stdout


def test_one_byte_more_is_another_report(tmp_path: Path) -> None:
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "a.svg").write_bytes(b"<svg/>")
    before = digest(tmp_path)
    assert digest(tmp_path) == before
    (tmp_path / "figures" / "a.svg").write_bytes(b"<svg />")
    assert digest(tmp_path) != before
