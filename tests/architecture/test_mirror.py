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
    "catalog": {"app.py"},
    "search": {"app.py", "clients.py", "feed.py"},
    "cart": {"app.py", "clients.py"},
    "orders": {"app.py", "clients.py"},
    "payments": {"app.py"},
    "storefront": {"app.py"},
}
"""What the split added: files that may exist on the right only."""

TWIN_EXTRAS = {"orders": {"checkout.py", "reads.py"}, "payments": {"bank.py"}}
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


ACCESS = {"database", "connection", "peers", "bank", "fault", "faults"}
"""Arguments that give access to something; which of them an operation needs is architecture:
on the left the caller's transaction and the bank, on the right an own one and other services."""

KEPT_BY_THE_CATALOG = "right: the catalog keeps reservations by order, for it can't see the orders"
ONE_MESSAGE = "right: the request's data arrive in one message of another service"
OTHER_DATA: dict[tuple[str, str], str] = {
    ("cart", "remove_ordered"): "right: by order, so that a repeated call does not remove twice",
    ("catalog", "reserve_stock"): KEPT_BY_THE_CATALOG,
    ("catalog", "sell_reserved"): KEPT_BY_THE_CATALOG,
    ("catalog", "release_stock"): KEPT_BY_THE_CATALOG,
    ("catalog", "take_back"): KEPT_BY_THE_CATALOG,
    ("payments", "capture_payment"): ONE_MESSAGE,
    ("payments", "void_payment"): ONE_MESSAGE,
    ("payments", "settle_payment"): ONE_MESSAGE,
}
"""(domain, operation) → why it takes other data on the other side."""

RIGHT_ONLY: dict[str, set[str]] = {
    "catalog": {"list_changes", "quote"},  # what search follows; a product for other services
}
"""Operations that exist because of the split."""


def verbs(domain: Path) -> dict[str, list[str]]:
    """Public operations of a domain → names of their arguments."""
    reads = domain / "reads.py"
    return functions(domain / "operations.py") | (functions(reads) if reads.exists() else {})


@pytest.mark.parametrize("domain", DOMAINS)
def test_public_operations_have_the_same_names(domain: str) -> None:
    left, right = (set(verbs(side / domain)) for side in (LEFT, RIGHT))
    assert left - right == set()
    assert right - left == RIGHT_ONLY.get(domain, set())


@pytest.mark.parametrize("domain", DOMAINS)
def test_public_operations_take_the_same_data_in_the_same_order(domain: str) -> None:
    left, right = (verbs(side / domain) for side in (LEFT, RIGHT))
    for name in (left.keys() & right.keys()) - PRESENTERS.get(domain, set()):
        ours = [argument for argument in left[name] if argument not in ACCESS]
        theirs = [argument for argument in right[name] if argument not in ACCESS]
        differs = (domain, name) in OTHER_DATA
        assert (ours != theirs) == differs, f"{name}{ours} and {name}{theirs}"


@pytest.mark.parametrize("domain", DOMAINS)
def test_access_comes_before_data(domain: str) -> None:
    for side in (LEFT, RIGHT):
        for name, arguments in verbs(side / domain).items():
            gives_access = [argument in ACCESS for argument in arguments]
            assert gives_access == sorted(gives_access, reverse=True), (side.name, name)


PRESENTERS = {"cart": {"priced"}}
"""Functions that turn rows into answers; the right has its rows from two services."""
