"""Which program holds how many database connections, by what the servers say themselves.

Held, not busy: a pool keeps what it opened.  How many were busy is counted in the programs
(lab/pools.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Final

import psycopg

from lab.deploy.stack import Stack

_CLIENTS: Final = """
    SELECT usename, count(*) FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND datname = ANY(%s) AND usename <> current_user
    GROUP BY usename"""


def read_connections(stack: Stack) -> dict[str, int]:
    """Count the connections of the store's own roles, by part; replicas summed.

    The databases of a server that does not answer are left out.
    """
    servers: dict[str, list[str]] = {}
    for database, url in stack.database_urls.items():
        servers.setdefault(url.rpartition("/")[0], []).append(database)
    by_role: dict[str, int] = {}
    for server, databases in servers.items():
        by_role |= _clients(f"{server}/{databases[0]}", databases)
    return by_part(by_role, [program.name for program in stack.topology.deployables])


def by_part(by_role: Mapping[str, int], programs: Collection[str]) -> dict[str, int]:
    """Return connections by the program whose role it is.

    Each database has one role, of its own name, and so has its service.  Services in one process
    have one program, which is named for none of them: it holds all.
    """
    only = next(iter(programs)) if len(programs) == 1 else ""
    held: Counter[str] = Counter()
    for role, connections in by_role.items():
        held[role if role in programs else only or role] += connections
    return dict(held)


def _clients(url: str, databases: list[str]) -> dict[str, int]:
    """Return connections by role, 0 for who has none; nothing when there is no answer."""
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=2) as connection:
            rows = connection.execute(_CLIENTS, [databases]).fetchall()
    except psycopg.OperationalError:
        return {}
    return dict.fromkeys(databases, 0) | {str(role): int(n) for role, n in rows}
