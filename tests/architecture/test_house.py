"""House rules that a reader relies on: said purpose, short modules, no machine's own traces."""

from __future__ import annotations

import ast
import re

import pytest

from tests.architecture.source_tree import Module, modules, tracked_files

LONGEST = 250
LONGER_FOR_A_REASON = {
    "contract.errors": 300,  # the tree, drawn, and a class for each of its leaves
    "contract.models": 280,  # every wire model, in one place on purpose
    "microservices.orders.operations": 310,  # the lesson: checkout, step by step …
    "monolith.orders.operations": 250,  # … and its twin
}
"""Module → its greatest length, in lines."""

NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}

PATHS_OF_A_MACHINE = re.compile(r"(?<![\w.:/-])/(?:home|root|Users|work|mnt|private)/\w")
ALLOWED_HOSTS = re.compile(
    r"127\.0\.0\.1|localhost|example\.(com|org|net)|[\w.-]+\.example|"
    r"(www\.)?w3\.org|github\.com|[\w.-]*python\.org|opensource\.org|json-schema\.org|"
    r"docs\.astral\.sh|spdx\.org|keepachangelog\.com|semver\.org|www\.rfc-editor\.org|"
    r"type\.googleapis\.com|([\w-]+\.)+(io|dev)|doi\.org|mermaid\.js\.org")
URL = re.compile(r"https?://([A-Za-z0-9][\w-]*\.[\w.-]+)")
TEXT = {".py", ".md", ".toml", ".txt", ".yaml", ".yml", ".sh", ".html", ".css", ".j2", ".json", ""}


def ids(module: Module) -> str:
    return module.name


@pytest.mark.parametrize("module", modules(), ids=ids)
def test_every_module_says_what_it_is_for(module: Module) -> None:
    said = ast.get_docstring(module.tree)
    assert said
    assert len(said.splitlines()[0]) > 10


@pytest.mark.parametrize("module", modules(), ids=ids)
def test_modules_are_short(module: Module) -> None:
    assert module.lines <= LONGER_FOR_A_REASON.get(module.name, LONGEST)


@pytest.mark.parametrize("module", modules(), ids=ids)
def test_names_say_something(module: Module) -> None:
    assert not NAMES_THAT_SAY_NOTHING & set(module.name.split("."))


SERVING = modules("contract", "bank", "monolith", "microservices")


@pytest.mark.parametrize("module", SERVING, ids=ids)
def test_whatever_is_caught_is_named(module: Module) -> None:
    """`except Exception` stands only at the border of a process, thread or task, and says so."""
    source = module.path.read_text(encoding="utf-8").splitlines()
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        assert node.type is not None, f"line {node.lineno}: bare except"
        if isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException"):
            reraises = any(isinstance(n, ast.Raise) and n.exc is None for n in ast.walk(node))
            assert reraises or "border" in source[node.lineno - 1], f"line {node.lineno}"


def test_no_file_names_a_machine() -> None:
    found = []
    for path in tracked_files():
        if path.suffix not in TEXT:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if PATHS_OF_A_MACHINE.search(line) and "PATHS_OF_A_MACHINE" not in line:
                found.append(f"{path.name}:{number}: {line.strip()[:80]}")
            found += [f"{path.name}:{number}: {host}" for host in URL.findall(line)
                      if not ALLOWED_HOSTS.fullmatch(host.rstrip("."))]
    assert found == []
