"""scenarios.yaml: what is shipped is valid, documented, and mistakes are answered well."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.scenario import SECTIONS
from lab.scenario_docs import page
from lab.scenario_file import ScenarioFileError, read_scenarios

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "scenarios.yaml"


def test_the_shipped_file_is_valid() -> None:
    assert "demo" in read_scenarios(SHIPPED).scenarios


def test_the_documentation_page_is_what_the_models_say() -> None:
    written = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
    assert written == page(), "run: python -m lab.scenario_docs > docs/scenarios.md"


def test_every_key_has_a_meaning_and_numbers_have_a_unit() -> None:
    for section in SECTIONS:
        for name, field in section.model_fields.items():
            assert field.description, f"{section.__name__}.{name}"
            numeric = any(kind in str(field.annotation) for kind in ("int", "float"))
            if numeric and "Keys" not in str(field.annotation):
                assert "Unit:" in field.description or "milliseconds" in field.description, (
                    f"{section.__name__}.{name} has no unit")


@pytest.mark.parametrize(("old", "new", "line_of", "key", "allowed"), [
    ("replicas: 1,", "replicaz: 1,", "replicaz",
     "topologies.monolith.deployables.monolith.replicaz",
     "did you mean replicas"),
    ("kind: hang", "kind: hank", "kind: hank", "faults.catalog-hang.kind", "'crash', 'hang'"),
    ("payments-crash, payments", "payments-krash, payments", "payments-krash",
     "scenarios.demo.isolation.faults.0", "did you mean payments-crash"),
    ("workload: hot_search", "workload: hot_serch", "hot_serch", "scenarios.demo.hot.workload",
     "did you mean hot_search"),
    ("memory_mb: 2048", "memory_mb: lots", "memory_mb: lots",
     "scenarios.demo.budget.memory_mb", "valid integer"),
    ("seconds: 960}\n        warmup_s: 2\n        measure_s: 15\n",
     "seconds: 960}\n        warmup_s: 2\n        measure_s: 10\n",
     "- workload: shop\n        rate_per_s: 30\n        pairs: 27", "scenarios.full.latency.0",
     "needs 440 visitors a trial"),
    ("p95: 0.07, least_pairs: 10", "p95: 0.07, least_pairs: 7", "stop: {p50: 0.03, p95: 0.07",
     "scenarios.full.latency.0.stop.least_pairs", "greater than or equal to 8"),
    ("      storefront: {}\n", "", "\n  microservices:", "topologies.microservices", "storefront"),
])
def test_a_mistake_names_line_key_and_what_is_allowed(
    tmp_path: Path, old: str, new: str, line_of: str, key: str, allowed: str
) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    assert old in text
    broken = text.replace(old, new, 1)
    path = tmp_path / "scenarios.yaml"
    path.write_text(broken, encoding="utf-8")
    with pytest.raises(ScenarioFileError) as caught:
        read_scenarios(path)
    mistake = caught.value.mistakes[0]
    at = broken.index(line_of) + (1 if line_of.startswith("\n") else 0)
    assert mistake.line == broken[:at].count("\n") + 1
    assert mistake.key == key
    assert allowed in mistake.allowed


@pytest.mark.parametrize("text", ["", "- a list", "a: 1: 2", "topologies: {}\n", "\x00"])
def test_a_file_that_is_no_scenario_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "scenarios.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioFileError):
        read_scenarios(path)


def test_a_missing_file_is_a_clear_mistake(tmp_path: Path) -> None:
    with pytest.raises(ScenarioFileError, match="does not exist"):
        read_scenarios(tmp_path / "nowhere.yaml")
