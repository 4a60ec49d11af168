"""Seed data: categories, products and customers from (seed, size), the same bytes every time.

`digest` hashes rows in a canonical form; the lab reads them back from both stores and
compares before a run.  All seed customers share one password, so one hash is enough and
loading costs milliseconds; sign-in costs the same for them as for anybody.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, replace
from functools import lru_cache
from typing import Any, Final

from contract.passwords import hash_for_seed

DEFAULT_SEED: Final = 20
DEFAULT_PRODUCTS: Final = 2_000
DEFAULT_CUSTOMERS: Final = 500
SCARCE_PIECES: Final = (2, 4, 8)
"""Pieces of scarce products, in turn: some are gone at once, others while much is going on."""
ADMIN_ID: Final = 1
ADMIN_EMAIL: Final = "admin@twinstore.example"
SEED_PASSWORD: Final = "correct horse battery staple"  # noqa: S105 - public test data


@dataclass(frozen=True, slots=True)
class CategoryRow:
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class ProductRow:
    """`price_minor` in cents; `stock` in pieces on hand."""

    id: int
    name: str
    description: str
    category: str
    price_minor: int
    stock: int


@dataclass(frozen=True, slots=True)
class AccountRow:
    id: int
    email: str
    name: str
    role: str
    password_hash: str


@dataclass(frozen=True, slots=True)
class SeedData:
    """Account 1 is the admin; customers follow from id 2."""

    categories: tuple[CategoryRow, ...]
    products: tuple[ProductRow, ...]
    accounts: tuple[AccountRow, ...]


_CATEGORIES: Final[dict[str, tuple[str, ...]]] = {
    "Kitchen": ("Kettle", "Chef's Knife", "Skillet", "Mixing Bowl", "Cutting Board", "Teapot"),
    "Garden": ("Pruner", "Watering Can", "Trowel", "Planter", "Garden Hose", "Rake"),
    "Office": ("Desk Lamp", "Notebook", "Fountain Pen", "Stapler", "Letter Tray", "Desk Pad"),
    "Cycling": ("Helmet", "Bike Pump", "Saddle", "Pannier", "Bell", "Chain Lock"),
    "Camping": ("Tent", "Sleeping Bag", "Headlamp", "Camp Stove", "Water Filter", "Hammock"),
    "Music": ("Ukulele", "Metronome", "Capo", "Harmonica", "Music Stand", "Drum Pad"),
    "Toys": ("Puzzle", "Kite", "Building Set", "Spinning Top", "Marble Run", "Yo-Yo"),
    "Books": ("Cookbook", "Atlas", "Novel", "Field Guide", "Sketchbook", "Poetry Collection"),
    "Audio": ("Headphones", "Bookshelf Speaker", "Turntable", "Microphone", "Radio", "Amplifier"),
    "Photo": ("Tripod", "Camera Strap", "Lens Cloth", "Photo Album", "Light Meter", "Film Roll"),
    "Bath": ("Towel", "Soap Dish", "Bathrobe", "Bath Mat", "Shower Caddy", "Mirror"),
    "Bedroom": ("Pillow", "Duvet", "Blanket", "Bedside Lamp", "Alarm Clock", "Bed Tray"),
    "Lighting": ("Pendant Lamp", "Lantern", "String Lights", "Floor Lamp", "Candle", "Wall Lamp"),
    "Tools": ("Hammer", "Screwdriver Set", "Spirit Level", "Hand Saw", "Tape Measure", "Wrench"),
    "Sports": ("Yoga Mat", "Jump Rope", "Dumbbell", "Tennis Racket", "Football", "Foam Roller"),
    "Travel": ("Suitcase", "Backpack", "Neck Pillow", "Packing Cube", "Travel Mug", "Wallet"),
    "Pets": ("Dog Leash", "Cat Tree", "Food Bowl", "Bird Feeder", "Pet Bed", "Aquarium"),
    "Baby": ("Stroller", "Rattle", "Baby Monitor", "Bib", "High Chair", "Playmat"),
    "Fashion": ("Scarf", "Rain Jacket", "Wool Socks", "Sun Hat", "Leather Belt", "Gloves"),
    "Watches": ("Field Watch", "Pocket Watch", "Diving Watch", "Watch Strap", "Stopwatch",
                "Watch Box"),
}
_ADJECTIVES: Final = (
    "Amber", "Birch", "Classic", "Compact", "Copper", "Coastal", "Everyday", "Folding", "Granite",
    "Heritage", "Indigo", "Light", "Linen", "Lunar", "Maple", "Meadow", "Modern", "Nordic", "Oak",
    "Pocket", "Quiet", "River", "Robust", "Rustic", "Sable", "Silver", "Slate", "Solar", "Sturdy",
    "Timeless", "Urban", "Velvet", "Vintage", "Willow", "Winter",
)
_MATERIALS: Final = (
    "stainless steel", "solid oak", "recycled aluminium", "organic cotton", "borosilicate glass",
    "full-grain leather", "bamboo", "merino wool", "cast iron", "cork", "walnut", "ceramic",
)
_QUALITIES: Final = (
    "made to last for many years", "easy to clean and easy to repair", "light enough to carry",
    "tested in daily use", "delivered without plastic packaging", "finished by hand",
    "designed for small rooms", "quiet, precise and simple", "a present that is really used",
    "built from spare-part friendly pieces", "balanced in the hand", "weatherproof all year",
)
_ORIGINS: Final = ("Lisbon", "Turin", "Malmö", "Ghent", "Kraków", "Porto", "Graz", "Aarhus",
                   "Tartu", "Bilbao", "Łódź", "Reykjavík")
_FIRST: Final = ("Ada", "Björn", "Chiara", "Dmitri", "Elif", "Farah", "Goran", "Hélène", "Ines",
                 "Jonas", "Katarzyna", "Luís", "Mina", "Noor", "Oskar", "Priya", "Quentin",
                 "Rosa", "Søren", "Tomás", "Uma", "Viktor", "Wanjiru", "Xenia", "Yusuf", "Zoë")
_LAST: Final = ("Almeida", "Bergström", "Costa", "Dupont", "Eriksen", "Ferrari", "García", "Horvat",
                "Ivanova", "Jansen", "Kowalski", "Lindqvist", "Müller", "Nowak", "O'Brien",
                "Petrov", "Rossi", "Silva", "Tanaka", "Weber")


@lru_cache(maxsize=4)
def generate(
    seed: int = DEFAULT_SEED,
    products: int = DEFAULT_PRODUCTS,
    customers: int = DEFAULT_CUSTOMERS,
    scarce: int = 0,
) -> SeedData:
    """Make the data; pure, so equal arguments give equal bytes.

    `scarce` products of few pieces follow the others and change nothing about them.
    """
    source = random.Random(f"twinstore-{seed}")  # noqa: S311 - data, not a secret
    categories = tuple(CategoryRow(name.lower(), name) for name in _CATEGORIES)
    return SeedData(
        categories=categories,
        products=(*(_product(source, number) for number in range(1, products + 1)),
                  *_scarce(seed, products, scarce)),
        accounts=tuple(_accounts(source, seed, customers)),
    )


def _product(source: random.Random, number: int) -> ProductRow:
    category = list(_CATEGORIES)[(number - 1) % len(_CATEGORIES)]
    noun = source.choice(_CATEGORIES[category])
    adjective, material = source.choice(_ADJECTIVES), source.choice(_MATERIALS)
    first, second = source.sample(_QUALITIES, 2)
    return ProductRow(
        id=number,
        name=f"{adjective} {noun} No. {number}",
        description=(
            f"The {adjective.lower()} {noun.lower()} of {material}, from a workshop in "
            f"{source.choice(_ORIGINS)}: {first}, {second}. "
            f"Belongs in every {category.lower()} collection."
        ),
        category=category.lower(),
        price_minor=max(199, round(source.lognormvariate(8.2, 0.9)) // 10 * 10 + 9),
        stock=source.randint(5_000, 20_000),
    )


def _scarce(seed: int, products: int, scarce: int) -> Iterable[ProductRow]:
    source = random.Random(f"twinstore-scarce-{seed}")  # noqa: S311 - data, not a secret
    for number in range(products + 1, products + 1 + scarce):
        pieces = SCARCE_PIECES[(number - products - 1) % len(SCARCE_PIECES)]
        yield replace(_product(source, number), stock=pieces)


def _accounts(source: random.Random, seed: int, customers: int) -> Iterable[AccountRow]:
    salt = hashlib.sha256(f"twinstore-{seed}".encode()).digest()[:16]
    password_hash = hash_for_seed(SEED_PASSWORD, salt)
    yield AccountRow(ADMIN_ID, ADMIN_EMAIL, "Store Admin", "admin", password_hash)
    for number in range(ADMIN_ID + 1, ADMIN_ID + 1 + customers):
        name = f"{source.choice(_FIRST)} {source.choice(_LAST)}"
        yield AccountRow(number, f"customer{number}@twinstore.example", name, "customer",
                         password_hash)


def digest(data: SeedData) -> str:
    """Hash all rows; what a store holds before a run must give the same."""
    return digest_rows(
        {
            "categories": map(astuple, data.categories),
            "products": map(astuple, data.products),
            "accounts": map(astuple, data.accounts),
        }
    )


def digest_rows(tables: Mapping[str, Iterable[tuple[Any, ...]]]) -> str:
    """Hash rows given by table name, in primary-key order with the columns of the rows above."""
    sha = hashlib.sha256()
    for name in sorted(tables):
        sha.update(name.encode() + b"\n")
        for row in tables[name]:
            sha.update(json.dumps(list(row), ensure_ascii=False).encode() + b"\n")
    return sha.hexdigest()
