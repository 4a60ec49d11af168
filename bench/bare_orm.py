"""The one mapped class of the bare applications, and their way to JSON."""

from __future__ import annotations

from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from contract import models
from contract.http import to_json
from contract.money import euros


class Mapping(DeclarativeBase):
    """Registry of the mapped class."""


class Product(Mapping):
    """The columns a product page needs."""

    __tablename__ = "products"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    description: Mapped[str]
    category: Mapped[str]
    price_minor: Mapped[int]
    on_hand: Mapped[int]


def as_json(row: Product) -> bytes:
    """Write the same body as the stores do."""
    return to_json(models.Product(
        id=row.id, name=row.name, description=row.description, category=row.category,
        price=euros(row.price_minor), stock=row.on_hand))
