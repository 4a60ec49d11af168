"""A lock on a module's tables that nobody in the store holds: everything that reads them waits."""

from __future__ import annotations

import time
from typing import Any, Final

import psycopg
from psycopg import sql

from lab.faults.site import Site

_TABLES: Final[dict[str, tuple[str, ...]]] = {
    "catalog": ("categories", "products"),
    "search": ("products",),  # the index is a column of the product
    "cart": ("cart_items",),
    "orders": ("orders", "order_items", "checkouts"),
    "payments": ("payments",),
}
"""Where a module's data are in the monolith's one database."""
_ALL: Final = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
_WAITERS: Final = (
    "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = "
    "(SELECT oid FROM pg_database WHERE datname = current_database())")


class TablesLocked:
    """ACCESS EXCLUSIVE on every table of a module, held by a session of the lab."""

    def __init__(self, site: Site, module: str) -> None:
        self.fired, self.chances = 0, 1
        self._url = site.database_url(module)
        self._module = module
        self._is_shared = site.stack.topology.store == "monolith"
        self._session: psycopg.Connection[Any] | None = None

    def arm(self) -> float:
        """Take the lock, at most 2 s after those who work there now.  Raises psycopg.Error."""
        self._session = psycopg.connect(self._url, connect_timeout=5,
                                        application_name="twinstore-fault")
        tables = (_TABLES[self._module] if self._is_shared else
                  [str(row[0]) for row in self._session.execute(_ALL)])
        self._session.execute("SET LOCAL lock_timeout = '2s'")
        self._session.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(
            sql.SQL(", ").join(map(sql.Identifier, tables))))
        self.fired = 1
        return time.perf_counter()

    def waiters(self) -> int:
        """Count who waits for a lock in this database now."""
        with psycopg.connect(self._url, connect_timeout=5) as other:
            row = other.execute(_WAITERS).fetchone()
        return int(row[0]) if row else 0

    def clear(self) -> float:
        """Let go: the session ends."""
        if self._session:
            self._session.close()
        return time.perf_counter()

    def settle(self) -> None:
        """Nothing was broken."""
