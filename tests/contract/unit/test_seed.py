"""Seed data: the same bytes every time, everywhere."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from contract import seed
from contract.passwords import password_matches

DIGEST = "4979a7c6abf0cd86709ee14061c55fe9d7ee65cafcaad83448c2d2dc2f10e935"
"""Of the default data.  Changing it makes all earlier runs incomparable: say so in CHANGELOG."""


def test_the_default_data_is_what_it_has_always_been() -> None:
    assert seed.digest(seed.generate()) == DIGEST


@pytest.mark.parametrize("hash_seed", ["0", "4242"])
def test_another_process_makes_the_same_bytes(hash_seed: str) -> None:
    code = "from contract import seed; print(seed.digest(seed.generate()))"
    printed = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60,
        env=os.environ | {"PYTHONHASHSEED": hash_seed, "LC_ALL": "C", "TZ": "Asia/Kathmandu"})
    assert printed.stdout.strip() == DIGEST


def test_the_default_data_is_as_large_as_promised() -> None:
    data = seed.generate()
    assert len(data.products) >= 2_000
    assert len(data.categories) == 20
    assert len(data.accounts) >= 501
    per_category = {row.slug: 0 for row in data.categories}
    for row in data.products:
        per_category[row.category] += 1
    assert min(per_category.values()) == max(per_category.values()) == 100


def test_ids_are_dense_and_names_unique() -> None:
    data = seed.generate(seed=3, products=150, customers=10)
    assert [row.id for row in data.products] == list(range(1, 151))
    assert [row.id for row in data.accounts] == list(range(1, 12))
    assert len({row.name for row in data.products}) == 150
    assert len({row.email for row in data.accounts}) == 11
    assert [row.role for row in data.accounts] == ["admin"] + ["customer"] * 10


def test_rows_are_what_the_contract_would_accept() -> None:
    from contract import models

    for row in seed.generate(products=200).products:
        models.ProductCreate.model_validate_json(
            models.ProductCreate.model_construct(
                name=row.name, description=row.description, category=row.category,
                price={"amount_minor": row.price_minor, "currency": "EUR"},  # type: ignore[arg-type]
                stock=row.stock).model_dump_json(warnings=False))


def test_another_seed_or_size_is_other_data() -> None:
    digests = {seed.digest(seed.generate(*given)) for given in
               [(20, 40, 2), (21, 40, 2), (20, 41, 2), (20, 40, 3)]}
    assert len(digests) == 4


def test_scarce_products_follow_the_others_with_few_pieces_and_change_nothing_else() -> None:
    plain, scarce = seed.generate(20, 40, 2), seed.generate(20, 40, 2, 4)
    assert scarce.products[:40] == plain.products
    assert (scarce.accounts, scarce.categories) == (plain.accounts, plain.categories)
    assert [(row.id, row.stock) for row in scarce.products[40:]] == [
        (41, 2), (42, 4), (43, 8), (44, 2)]
    assert len({row.name for row in scarce.products}) == 44
    assert seed.digest(scarce) != seed.digest(plain)


def test_one_changed_row_changes_the_digest() -> None:
    tables: dict[str, list[tuple[object, ...]]] = {"a": [(1, "x"), (2, "y")], "b": [(1,)]}
    assert seed.digest_rows(tables) == seed.digest_rows({"b": [(1,)], "a": [(1, "x"), (2, "y")]})
    assert seed.digest_rows(tables) != seed.digest_rows({**tables, "a": [(2, "y"), (1, "x")]})
    assert seed.digest_rows(tables) != seed.digest_rows({**tables, "b": [("1",)]})


def test_everybody_can_sign_in_with_the_seed_password() -> None:
    data = seed.generate(products=1, customers=2)
    assert len({row.password_hash for row in data.accounts}) == 1
    assert password_matches(data.accounts[0].password_hash, seed.SEED_PASSWORD)
    assert not password_matches(data.accounts[0].password_hash, seed.SEED_PASSWORD + "!")
    assert not password_matches("not a hash", seed.SEED_PASSWORD)
