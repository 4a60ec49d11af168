"""Tables of the accounts service."""

from sqlalchemy import Column, DateTime, Identity, Integer, MetaData, Table, Text, func

METADATA = MetaData()

accounts = Table(
    "accounts", METADATA,
    Column("id", Integer, Identity(), primary_key=True),
    Column("email", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
