"""A store's role in PostgreSQL can do its own work and nothing else."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from lab.deploy.ports import HOST, free_port
from lab.deploy.postgres import (
    PostgresTemplate,
    Server,
    describe_server,
    open_server,
    server_command,
)
from lab.deploy.processes import Process, start
from tests.contract.suite.targets import Floor, Target

FORBIDDEN = (
    "SELECT rolpassword FROM pg_authid",
    "SELECT passwd FROM pg_shadow",
    "CREATE ROLE intruder LOGIN SUPERUSER",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "ALTER ROLE CURRENT_USER CREATEROLE",
    "ALTER ROLE CURRENT_USER BYPASSRLS",
    "ALTER ROLE postgres PASSWORD 'taken'",
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION postgres",
    "GRANT pg_read_all_data TO CURRENT_USER",
    "GRANT pg_execute_server_program TO CURRENT_USER",
    "CREATE DATABASE intruders",
    "COPY (SELECT 1) TO PROGRAM 'id'",
    "CREATE TEMP TABLE got (line text); COPY got FROM PROGRAM 'id'",
    "CREATE TEMP TABLE got (line text); COPY got FROM '/etc/passwd'",
    "COPY (SELECT 1) TO '/tmp/intruder'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_read_file('pg_hba.conf')",
    "SELECT pg_ls_dir('.')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT lo_export(0, '/tmp/intruder')",
    "ALTER SYSTEM SET log_statement = 'all'",
    "SET log_statement = 'all'",
    "SET session_replication_role = 'replica'",
    "SELECT pg_reload_conf()",
    "CREATE FUNCTION intrude() RETURNS int LANGUAGE c AS 'libc.so.6', 'getpid'",
    "CREATE LANGUAGE plpython3u",
    "CREATE EXTENSION file_fdw",
    "CREATE EXTENSION dblink",
    "CREATE EXTENSION postgres_fdw",
    "CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1' PUBLICATION p",
    "CREATE TABLESPACE t LOCATION '/tmp'",
    "CHECKPOINT",
)
REFUSED = (errors.InsufficientPrivilege, errors.FeatureNotSupported)
"""The second: an extension or language that this build doesn't have."""


def role_urls(target: Target) -> dict[str, str]:
    """Addresses by database, as the programs of a store are told."""
    found: dict[str, str] = {}
    for process in target.stack.processes.values():
        for name, value in process.command.environ.items():
            if name.endswith("DATABASE_URL"):
                url = value.replace("+psycopg", "")
                found[url.rsplit("/", 1)[1]] = url
    return found


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url, autocommit=True, connect_timeout=5)


def test_every_database_has_a_role_of_its_own(target: Target) -> None:
    urls = role_urls(target)
    assert set(urls) == set(target.stack.database_urls)
    for database, url in urls.items():
        with connect(url) as connection:
            row = connection.execute(
                "SELECT rolname, rolsuper, rolcreaterole, rolcreatedb, rolreplication, "
                "rolbypassrls FROM pg_roles WHERE rolname = current_user").fetchone()
            assert row == (database, False, False, False, False, False)
            memberships = connection.execute(
                "SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member "
                "WHERE r.rolname = current_user").fetchone()
            assert memberships == (0,)


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_a_role_can_not_leave_its_database(statement: str, target: Target) -> None:
    for url in role_urls(target).values():
        with connect(url) as connection, pytest.raises(REFUSED):
            connection.execute(statement)


def test_a_role_opens_no_other_database(target: Target) -> None:
    urls = role_urls(target)
    for database, url in urls.items():
        for other in {*urls, "postgres", "template1"} - {database}:
            with pytest.raises(psycopg.OperationalError, match="permission denied"):
                connect(url.rsplit("/", 1)[0] + f"/{other}")


def test_passwords_are_all_different(floor: Floor) -> None:
    urls = [url for target in floor.everyone() for url in role_urls(target).values()]
    passwords = [url.split("@")[0].rsplit(":", 1)[1] for url in urls]
    assert len(set(passwords)) == len(passwords)
    assert min(map(len, passwords)) >= 24


def test_a_role_sees_neither_statements_nor_sessions_of_others(floor: Floor) -> None:
    target = floor.everyone()[-1]
    urls = role_urls(target)
    database, url = next(iter(urls.items()))
    secret = "SELECT 'a secret in a statement'"
    with connect(target.stack.database_urls[database]) as other, connect(url) as connection:
        pid = other.info.backend_pid
        other.execute(secret)
        shown = connection.execute("SELECT query FROM pg_stat_activity WHERE pid = %s",
                                   (pid,)).fetchone()
        assert shown is not None
        assert "secret" not in shown[0]
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("SELECT pg_terminate_backend(%s)", (pid,))


@pytest.fixture(scope="module")
def two_servers() -> Iterator[tuple[Server, Server]]:
    """A server for each database, as with `database_servers: each`."""
    folder = Path(tempfile.mkdtemp(prefix="twinstore-test-"))
    folder.chmod(0o711)
    template = PostgresTemplate(folder)
    started: list[Process] = []
    servers = []
    try:
        for database in ("accounts", "orders"):
            template.copy(folder / database)
            command = server_command(template, folder / database, f"postgres-{database}",
                                     free_port(), 4, {})
            started.append(start(command, folder, lambda _: None, lambda *_: None))
            servers.append(describe_server(started[-1], template, (database,)))
            open_server(servers[-1])
        yield servers[0], servers[1]
    finally:
        for process in started:
            process.stop()
        shutil.rmtree(folder)


def test_a_role_does_not_exist_on_another_services_server(
        two_servers: tuple[Server, Server]) -> None:
    accounts, orders = two_servers
    for own, other in ((accounts, orders), (orders, accounts)):
        (role, password), = own.role_passwords.items()
        connect(f"postgresql://{role}:{password}@{HOST}:{own.port}/{role}").close()
        for database in (*other.role_passwords, "postgres"):
            with pytest.raises(psycopg.OperationalError, match="authentication failed"):
                connect(f"postgresql://{role}:{password}@{HOST}:{other.port}/{database}")


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_a_role_of_a_server_of_its_own_is_no_more_than_that(
        statement: str, two_servers: tuple[Server, Server]) -> None:
    for server in two_servers:
        (role, password), = server.role_passwords.items()
        with (connect(f"postgresql://{role}:{password}@{HOST}:{server.port}/{role}") as connection,
              pytest.raises(REFUSED)):
            connection.execute(statement)
