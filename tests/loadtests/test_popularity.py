"""Which product."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from loadtests.popularity import Popularity


def test_popular_products_are_drawn_as_often_as_zipf_says() -> None:
    popularity, source = Popularity(200, 0.8, seed=4), random.Random(1)
    counts = Counter(popularity.draw(source) for _ in range(40_000))
    for rank in (1, 2, 10, 100):
        product = popularity.ranked()[rank - 1]
        assert counts[product] / 40_000 == pytest.approx(popularity.share_of_rank(rank), rel=0.25)


def test_exponent_zero_is_uniform() -> None:
    popularity, source = Popularity(10, 0.0, seed=4), random.Random(1)
    counts = Counter(popularity.draw(source) for _ in range(20_000))
    assert set(counts) == set(range(1, 11))
    assert min(counts.values()) > 0.85 * max(counts.values())


def test_shares_add_up_to_one() -> None:
    popularity = Popularity(50, 1.2, seed=1)
    assert sum(popularity.share_of_rank(rank) for rank in range(1, 51)) == pytest.approx(1)


def test_every_id_is_in_range_and_the_order_is_seeded() -> None:
    assert sorted(Popularity(30, 1.0, seed=1).ranked()) == list(range(1, 31))
    assert Popularity(30, 1.0, seed=1).ranked() != Popularity(30, 1.0, seed=2).ranked()


def test_no_products_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Popularity(0, 1.0, seed=1)
