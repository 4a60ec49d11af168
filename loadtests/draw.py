"""All that is random about a journey, drawn from its seed before the run."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from contract.load import LoadSpec
from loadtests.popularity import Popularity

CATEGORIES: Final = (
    "kitchen", "garden", "office", "cycling", "camping", "music", "toys", "books", "audio",
    "photo", "bath", "bedroom", "lighting", "tools", "sports", "travel", "pets", "baby",
    "fashion", "watches",
)
WORDS: Final = (
    "kettle", "knife", "teapot", "planter", "notebook", "lamp", "helmet", "saddle", "tent",
    "stove", "hammock", "puzzle", "kite", "atlas", "novel", "radio", "tripod", "towel", "pillow",
    "lantern", "hammer", "wrench", "football", "backpack", "wallet", "leash", "scarf", "gloves",
    "watch", "oak", "copper", "silver", "vintage", "leather", "bamboo", "wool", "ceramic",
    "solid oak", "cast iron", "merino wool", "made to last", "desk lamp", "nordic lamp",
    "weatherproof", "lisbon", "porto",
)
"""Words of the seed data's names and descriptions; a test holds that."""

_PAGE_SIZE: Final = 20
_LONGEST: Final = 4


@dataclass(frozen=True, slots=True)
class Draw:
    """Everything random about one journey.  `think_s[i]` is the pause before step i + 1; `key`
    is the same in both arms, so that what is decided by content falls on the same journeys;
    `scarce_id`: the ordinary product where no product is scarce."""

    product_id: int
    other_id: int
    category: str
    page: int
    words: str
    pick: float
    quantity: int
    key: str
    think_s: tuple[float, ...]
    scarce_id: int


class Journeys:
    """Draws the data of journeys."""

    def __init__(self, spec: LoadSpec) -> None:
        self._popularity = Popularity(spec.products, spec.workload.zipf, spec.seed)
        self._products, self._scarce = spec.products, spec.scarce
        self._pages = max(1, min(3, spec.products // len(CATEGORIES) // _PAGE_SIZE))
        self._think_s = spec.workload.think_s
        self._key = str(spec.seed)

    def draw(self, journey_no: int, seed: int) -> Draw:
        """Draw always the same number of values, so that data doesn't depend on the journey."""
        source = random.Random(seed)  # noqa: S311 - load, not a secret
        product_id = self._popularity.draw(source)
        return Draw(
            product_id=product_id,
            other_id=self._popularity.draw(source),
            category=CATEGORIES[int(source.random() * len(CATEGORIES))],
            page=1 + int(source.random() * self._pages),
            words=WORDS[int(source.random() * len(WORDS))],
            pick=source.random(),
            quantity=1 + int(source.random() * 3),
            key=f"{self._key}-{journey_no}",
            think_s=tuple(source.expovariate(1.0) * self._think_s for _ in range(_LONGEST - 1)),
            scarce_id=(self._products + 1 + int(source.random() * self._scarce)
                       if self._scarce else product_id),
        )
