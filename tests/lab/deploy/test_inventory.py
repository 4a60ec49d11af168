"""What is counted of running programs."""

from __future__ import annotations

from pathlib import Path

from lab.deploy.inventory import inventory, settings_of
from lab.deploy.processes import Command
from lab.deploy.programs import Surroundings, store_command
from lab.deploy.secrets import make_secrets
from lab.split import lines_of_stores
from lab.topology import Deployable


def command(name: str, replica: int, tmp_path: Path) -> Command:
    around = Surroundings("mark", make_secrets(tmp_path), "http://127.0.0.1:9", tmp_path / "faults",
                          tmp_path / "fired")
    return store_command(around, Deployable(name, 2), replica, 8000,
                         {name: "postgresql://x"}, {"catalog": "http://127.0.0.1:7"})


def test_replicas_are_entered_at_one_point_and_told_the_same(tmp_path: Path) -> None:
    commands = [command("orders", replica, tmp_path) for replica in (0, 1)]
    envoy = Command("envoy", 0, ["envoy", "-c", "x"], {})
    counted = inventory([*commands, envoy])
    assert counted["entry_points"] == ["microservices.orders.app:create_app"]
    assert counted["settings"] == {"orders": len(settings_of(commands[0]))}


def test_settings_are_what_the_shop_needs_not_what_the_lab_adds(tmp_path: Path) -> None:
    told = settings_of(command("orders", 0, tmp_path))
    assert "TWINSTORE_DATABASE_URL" in told
    assert "TWINSTORE_CATALOG_URL" in told
    assert not [name for name in told if "FAULT" in name or "FIRED" in name or "METRICS" in name]
    assert all(name.startswith("TWINSTORE_") for name in told)


def test_lines_are_code_without_blanks_and_comments(tmp_path: Path) -> None:
    for store, text in (("monolith", "a = 1\n\n# no\n"), ("microservices", "a = 1\nb = 2\n")):
        (tmp_path / store / "deep").mkdir(parents=True)
        (tmp_path / store / "deep" / "module.py").write_text(text, encoding="utf-8")
    assert lines_of_stores(tmp_path) == {"monolith": 1, "microservices": 2}
