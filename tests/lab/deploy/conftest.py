"""A real PostgreSQL server with two databases, as a deployment starts it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.deploy.ports import free_port
from lab.deploy.postgres import (
    PostgresTemplate,
    Server,
    describe_server,
    open_server,
    server_command,
)
from lab.deploy.processes import start


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="twinstore-test-"))
    folder.chmod(0o711)  # the server runs as another user when we are root
    template = PostgresTemplate(folder)
    template.copy(folder / "data")
    command = server_command(template, folder / "data", "postgres", free_port(), 8, {})
    process = start(command, folder, lambda _: None, lambda *_: None)
    try:
        described = describe_server(process, template, ("catalog", "orders"))
        open_server(described)
        yield described
    finally:
        process.stop()
        shutil.rmtree(folder)
