"""A service's own database: pooled connections, reads without a transaction, writes in one.

Reads run in AUTOCOMMIT: one round trip instead of three.  It is how connections rest in the pool,
so that a read switches nothing; a transaction switches and puts back (docs/decisions/0021).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from contract.errors import DatabaseUnavailable
from contract.instruments import Pool, count_sql
from contract.posture import IDLE_MS, RAW, Posture

AnyRow = Row[*tuple[Any, ...]]
"""A row of any columns; its attributes are named after them."""

UNREACHABLE: Final = (OperationalError, InterfaceError, InternalError, PoolTimeoutError)
"""What SQLAlchemy raises when the database can't be had, or has ended a transaction."""


class Database:
    """Connections to one service's database."""

    def __init__(self, url: str, pool_size: int, service: str,
                 posture: Posture = RAW) -> None:
        self.engine = create_async_engine(
            url, isolation_level="AUTOCOMMIT", skip_autocommit_rollback=True,
            hide_parameters=True, pool_size=pool_size, max_overflow=0,
            pool_timeout=posture.connection_wait_s,
            connect_args={"connect_timeout": 3, "tcp_user_timeout": posture.statement_ms,
                          "application_name": service,
                          "options": f"-c statement_timeout={posture.statement_ms} "
                                     f"-c idle_in_transaction_session_timeout={IDLE_MS} "
                                     "-c timezone=UTC"},
        )
        self.pool = Pool(service, "connections", pool_size)
        count_sql(self.engine.sync_engine)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection for reads.  Raises DatabaseUnavailable (503)."""
        try:
            with self.pool.claim() as claim:
                async with self.engine.connect() as connection:
                    claim.granted()
                    yield connection
        except UNREACHABLE as unreachable:
            raise DatabaseUnavailable from unreachable

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection for one write: each statement commits by itself, in one round trip.

        Raises DatabaseUnavailable (503).
        """
        async with self.read() as connection:
            yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection in a transaction: committed at the end, rolled back on any error.

        Raises DatabaseUnavailable (503).
        """
        try:
            with self.pool.claim() as claim:
                async with self.engine.connect() as connection:
                    claim.granted()
                    # On the connection: an engine with options pays for it at every statement.
                    await connection.execution_options(isolation_level="READ COMMITTED")
                    async with connection.begin():
                        yield connection
        except UNREACHABLE as unreachable:
            raise DatabaseUnavailable from unreachable

    async def dispose(self) -> None:
        """Close all connections."""
        await self.engine.dispose()
