"""Tables of the search service: its own index, and how far it has followed the catalog."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR

METADATA = MetaData()

documents = Table(
    "documents", METADATA,
    Column("product_id", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("price_minor", Integer, nullable=False),
    Column("tsv", TSVECTOR, Computed(
        "setweight(to_tsvector('english', name), 'A') || "
        "setweight(to_tsvector('english', description), 'B')", persisted=True)),
    Index("documents_tsv", "tsv", postgresql_using="gin"),
)

# One row: the position in the catalog's outbox up to which `documents` is true.
feed = Table(
    "feed", METADATA,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
    Column("transaction", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
)
