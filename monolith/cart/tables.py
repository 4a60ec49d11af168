"""Tables of the cart domain."""

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Integer, Table, func

from monolith.database import METADATA

cart_items = Table(
    "cart_items", METADATA,
    Column("account_id", Integer, ForeignKey("accounts.id"), primary_key=True),
    Column("product_id", Integer, ForeignKey("products.id"), primary_key=True),
    Column("quantity", Integer, CheckConstraint("quantity > 0"), nullable=False),
    Column("added_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
