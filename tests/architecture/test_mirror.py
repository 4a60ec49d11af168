"""The twins: same domains, same files, same verbs, so that a diff shows architecture only."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from contract.endpoints import DOMAINS
from tests.architecture.source_tree import ROOT

LEFT, RIGHT = ROOT / "monolith", ROOT / "microservices"
TWIN_FILES = ("__init__.py", "operations.py", "routes.py", "queries.py", "tables.py")
WITHOUT_DATA = {"storefront"}
"""Domains that have neither tables nor queries."""

EXTRAS: dict[str, set[str]] = {
    "accounts": {"app.py"},
    "catalog": {"app.py", "outbox.py"},
    "search": {"app.py", "clients.py", "feed.py"},
    "cart": {"app.py", "clients.py"},
    "orders": {"app.py", "clients.py", "saga.py"},
    "payments": {"app.py"},
    "storefront": {"app.py", "clients.py"},
}
"""What the split added: files that may exist on the right only."""

TWIN_EXTRAS = {"payments": {"bank.py"}}
"""Files beyond the usual that exist on both sides."""


def functions(path: Path) -> dict[str, list[str]]:
    """Public function → names of its arguments, in order."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.name: [a.arg for a in (*node.args.posonlyargs, *node.args.args,
                                    *node.args.kwonlyargs)]
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
    }


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*.py")}


def domains(root: Path) -> set[str]:
    return {path.name for path in root.iterdir() if (path / "__init__.py").exists()}


def test_both_sides_have_the_domains_of_the_contract() -> None:
    assert domains(LEFT) == domains(RIGHT) == set(DOMAINS)


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_domain_has_the_twin_files_on_both_sides(domain: str) -> None:
    expected = set(TWIN_FILES) | TWIN_EXTRAS.get(domain, set())
    if domain in WITHOUT_DATA:
        expected -= {"queries.py", "tables.py"}
    assert files(LEFT / domain) == expected
    assert expected <= files(RIGHT / domain)
    assert files(RIGHT / domain) - expected <= EXTRAS[domain]


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_written_extra_exists(domain: str) -> None:
    assert EXTRAS[domain] <= files(RIGHT / domain)


@pytest.mark.parametrize("domain", DOMAINS)
def test_routes_are_the_same(domain: str) -> None:
    left, right = (functions(side / domain / "routes.py") for side in (LEFT, RIGHT))
    assert set(left) <= set(right)


SAME_ROLE = {
    "connection": "database",  # left: a step in the caller's transaction; right: one of its own
}
"""Arguments that play the same role under another name."""

OTHER_ARGUMENTS: dict[tuple[str, str], str] = {}
"""(domain, operation) → why its arguments differ between the sides."""

RIGHT_ONLY_OPERATIONS: dict[str, set[str]] = {}
LEFT_ONLY_OPERATIONS: dict[str, set[str]] = {}


@pytest.mark.parametrize("domain", DOMAINS)
def test_public_operations_have_the_same_names(domain: str) -> None:
    left, right = (set(functions(side / domain / "operations.py")) for side in (LEFT, RIGHT))
    assert left - right == LEFT_ONLY_OPERATIONS.get(domain, set())
    assert right - left == RIGHT_ONLY_OPERATIONS.get(domain, set())


@pytest.mark.parametrize("domain", DOMAINS)
def test_public_operations_take_the_same_arguments_in_the_same_order(domain: str) -> None:
    left, right = (functions(side / domain / "operations.py") for side in (LEFT, RIGHT))
    for name in left.keys() & right.keys():
        ours = [SAME_ROLE.get(argument, argument) for argument in left[name]]
        theirs = [SAME_ROLE.get(argument, argument) for argument in right[name]]
        differs = (domain, name) in OTHER_ARGUMENTS
        assert (ours != theirs) == differs, f"{name}{ours} and {name}{theirs}"
