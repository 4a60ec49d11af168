"""Tables of the catalog service: products, their stock, and what changed."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)

METADATA = MetaData()

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
    CheckConstraint("received = on_hand + reserved + sold", name="stock_adds_up"),
)

# Who holds what: the catalog can't look into the orders.  held → sold → returned; what is
# released is gone.
reservations = Table(
    "reservations", METADATA,
    Column("order_id", Uuid, primary_key=True),
    Column("product_id", Integer, ForeignKey("products.id"), primary_key=True),
    Column("quantity", Integer, nullable=False),
    Column("status", Text, nullable=False),
)

# Orders that have reserved or released: nothing is reserved twice, nor after its release.
orders_seen = Table("orders_seen", METADATA, Column("order_id", Uuid, primary_key=True))

# What search has to hear of, written in the transaction that changes the product.
outbox = Table(
    "outbox", METADATA,
    Column("number", BigInteger, Identity(), primary_key=True),
    Column("transaction", BigInteger, nullable=False,
           server_default=text("(pg_current_xact_id()::text::bigint)")),
    Column("product_id", Integer, nullable=False),
    Index("outbox_in_order", "transaction", "number"),
)
