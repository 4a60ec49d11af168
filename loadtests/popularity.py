"""Which product: Zipf over a seeded permutation of the ids."""

from __future__ import annotations

import random
from bisect import bisect_right
from itertools import accumulate


class Popularity:
    """The r-th most popular product is asked for in proportion to r^-exponent; 0 is uniform."""

    def __init__(self, products: int, exponent: float, seed: int) -> None:
        if products < 1:
            raise ValueError(f"products is {products}; at least one is needed")
        self._ids = list(range(1, products + 1))
        random.Random(f"popularity-{seed}").shuffle(self._ids)  # noqa: S311 - load, not a secret
        self._levels: list[float] = list(
            accumulate(float(rank**-exponent) for rank in range(1, products + 1)))

    def draw(self, source: random.Random) -> int:
        """Return a product id."""
        place = bisect_right(self._levels, source.random() * self._levels[-1])
        return self._ids[min(place, len(self._ids) - 1)]

    def share_of_rank(self, rank: int) -> float:
        """Expected share of the product of this rank (1 is the most popular)."""
        below = self._levels[rank - 2] if rank > 1 else 0.0
        return (self._levels[rank - 1] - below) / self._levels[-1]

    def ranked(self) -> list[int]:
        """Product ids, the most popular first."""
        return list(self._ids)
