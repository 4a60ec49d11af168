"""Tables of the catalog domain: products and their stock."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR

from monolith.database import METADATA

categories = Table(
    "categories", METADATA,
    Column("slug", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("position", Integer, Identity(), nullable=False),
)

products = Table(
    "products", METADATA,
    Column("id", Integer, Identity(), primary_key=True),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("category", Text, ForeignKey("categories.slug"), nullable=False, index=True),
    Column("price_minor", Integer, CheckConstraint("price_minor >= 0"), nullable=False),
    Column("on_hand", Integer, CheckConstraint("on_hand >= 0"), nullable=False),
    Column("reserved", Integer, CheckConstraint("reserved >= 0"), nullable=False,
           server_default="0"),
    Column("sold", Integer, CheckConstraint("sold >= 0"), nullable=False, server_default="0"),
    Column("received", Integer, nullable=False),
    # The search index is a column: always current, in the transaction that changes the product.
    Column("tsv", TSVECTOR, Computed(
        "setweight(to_tsvector('english', name), 'A') || "
        "setweight(to_tsvector('english', description), 'B')", persisted=True)),
    CheckConstraint("received = on_hand + reserved + sold", name="stock_adds_up"),
    Index("products_tsv", "tsv", postgresql_using="gin"),
)
