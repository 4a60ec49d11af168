"""The error tree: what is drawn is what is there, and documents survive a round trip."""

from __future__ import annotations

import re

import pytest

from contract import errors
from contract.endpoints import ENDPOINTS

PROXY_CODES = {"upstream_unavailable", "upstream_timeout"}
EVERYWHERE = {
    "internal_error", "dependency_unavailable", "database_unavailable", "route_not_found",
    "method_not_allowed", "token_missing", "token_invalid", "token_expired", "role_forbidden",
}


Tree = dict[str, tuple[str | None, str | None, int | None]]
"""Class name → (parent, code, status); no code: not raised itself."""


def drawn_tree() -> Tree:
    """As drawn in the module's docstring."""
    found: Tree = {}
    parents: dict[int, str] = {0: "StoreError"}
    assert errors.__doc__ is not None
    for line in errors.__doc__.splitlines():
        drawn = re.match(r"^ {4}([│├└─ ]*)([A-Z]\w+)(?: +(\w+) +(\d{3}))?$", line)
        if drawn is None or drawn[2] == "StoreError":
            continue
        depth = len(drawn[1]) // 4
        parents[depth] = drawn[2]
        found[drawn[2]] = (parents[depth - 1], drawn[3], int(drawn[4]) if drawn[4] else None)
    return found


def real_tree(root: type[errors.StoreError]) -> Tree:
    found: Tree = {}
    for child in root.__subclasses__():
        has_code = "code" in vars(child) or child is errors.InternalError
        found[child.__name__] = (
            root.__name__, child.code if has_code else None, child.status if has_code else None)
        found.update(real_tree(child))
    return found


def test_the_drawn_tree_is_the_tree_of_classes() -> None:
    assert drawn_tree() == real_tree(errors.StoreError)


def test_codes_are_unique_and_found_by_code() -> None:
    codes = [code for _, code, _ in real_tree(errors.StoreError).values() if code]
    assert len(codes) == len(set(codes))
    assert set(codes) == set(errors.BY_CODE)


def test_every_code_is_declared_by_an_endpoint_or_possible_everywhere() -> None:
    declared = {code for endpoint in ENDPOINTS for code in endpoint.errors}
    assert declared <= set(errors.BY_CODE)
    assert declared | EVERYWHERE == set(errors.BY_CODE)
    assert not PROXY_CODES & set(errors.BY_CODE)


@pytest.mark.parametrize("code", sorted(errors.BY_CODE))
def test_a_problem_document_turns_back_into_its_error(code: str) -> None:
    fields = [errors.FieldProblem(field="a.b", message="is wrong")]
    original = errors.BY_CODE[code]("what happened: ünïcødé", fields)
    problem = original.problem("req-1")
    assert (problem.status, problem.code, problem.title) == (
        original.status, original.code, original.title)
    again = errors.from_problem(problem.model_dump_json().encode())
    assert type(again) is type(original)
    assert again is not None
    assert (again.detail, again.errors) == (original.detail, original.errors)


@pytest.mark.parametrize("body", [
    b"", b"{}", b"null", b"[]", b"<html>", b"\xff\xfe", b'{"code":"card_declined"}',
    b'{"type":"t","title":"t","status":500,"detail":"d","code":"no_such","request_id":"r"}',
])
def test_what_is_no_known_problem_is_no_error(body: bytes) -> None:
    assert errors.from_problem(body) is None
