"""The contract suite's receipt in the repository is of the sources in the repository."""

from __future__ import annotations

from contract.receipt import has_passed


def test_the_contract_suite_has_passed_for_these_sources() -> None:
    assert has_passed(), "run `make contract` and commit contract/receipt.json"
