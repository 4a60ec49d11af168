"""Tables of the cart service."""

from sqlalchemy import CheckConstraint, Column, DateTime, Integer, MetaData, Table, Uuid, func

METADATA = MetaData()

cart_items = Table(
    "cart_items", METADATA,
    Column("account_id", Integer, primary_key=True),
    Column("product_id", Integer, primary_key=True),
    Column("quantity", Integer, CheckConstraint("quantity > 0"), nullable=False),
    Column("added_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

# Orders whose lines were taken out: once is enough, however often it is asked.
cleared = Table("cleared", METADATA, Column("order_id", Uuid, primary_key=True))
