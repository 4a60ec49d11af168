"""Tables of the orders service."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
)

METADATA = MetaData()

orders = Table(
    "orders", METADATA,
    Column("id", Uuid, primary_key=True),
    Column("account_id", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("total_minor", BigInteger, nullable=False),
    Column("payment_id", Uuid, nullable=False),
    Column("card_token", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("orders_of_account", "account_id", "created_at"),
    Index("orders_cancelling", "id", postgresql_where="status = 'cancelling'"),
)

order_items = Table(
    "order_items", METADATA,
    Column("order_id", Uuid, ForeignKey("orders.id"), primary_key=True),
    Column("product_id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("unit_price_minor", Integer, nullable=False),
)

# One row for each Idempotency-Key: who holds it, until when, the answer once there is one, and
# how far the saga got: reserving → paying → confirming → done, or → undoing → undone.
checkouts = Table(
    "checkouts", METADATA,
    Column("account_id", Integer, primary_key=True),
    Column("idempotency_key", Text, primary_key=True),
    Column("request_hash", Text, nullable=False),
    Column("order_id", Uuid, nullable=False, unique=True),
    Column("state", Text, nullable=False),
    Column("lease_until", DateTime(timezone=True), nullable=False),
    Column("response_status", Integer),
    Column("response_body", LargeBinary),
    Index("checkouts_unfinished", "lease_until",
          postgresql_where="state NOT IN ('done', 'undone')"),
    Index("checkouts_one_at_a_time", "account_id", unique=True,
          postgresql_where="state IN ('reserving', 'paying')"),
)
