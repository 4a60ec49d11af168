"""What a run must keep to itself, and every place of its folder where it is told all the same."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import psutil
import pyarrow.parquet as pq

from contract.seed import SEED_PASSWORD
from tests.e2e.lab_process import Lab

_ALWAYS: Final = (r"eyJ(?:hbGciOi|0eXAiOi)", r"-----BEGIN [A-Z ]*PRIVATE KEY",
                  re.escape(SEED_PASSWORD))
"""The beginning of any token (`{"alg":` or `{"typ":`), of any private key; customers' password."""


def secrets_of(lab: Lab) -> dict[str, list[str]]:
    """Collect the secrets of a lab that measures, by what they are.

    From its private folder and its programs' environments; of tokens the signatures.
    """
    private, = lab.temporary.glob("twinstore-*")
    key = (private / "signing.pem").read_text(encoding="ascii").splitlines()
    tokens = (private / "tokens.txt").read_text(encoding="ascii").split()
    found = {
        "signature of a token": [token.rpartition(".")[2] for token in tokens],
        "signing key": [line for line in key if not line.startswith("-")],
        "service token": [(private / "service-token").read_text(encoding="ascii").strip()],
        "password of the superuser": [
            (private / "postgres-password").read_text(encoding="ascii").strip()],
        "password of a database": sorted({
            address.split("@")[0].rpartition(":")[2] for process in lab.own()
            for name, address in _environment(process).items()
            if name.endswith("DATABASE_URL")}),
    }
    assert [kind for kind, some in found.items() if not (some and all(some))] == []
    return found


def told_in(folder: Path, secrets: Iterable[str] = ()) -> list[str]:
    """List the files below a folder that tell a secret, and which: of any run, and these.

    Looks into compressed books and tables as well.
    """
    wanted = re.compile("|".join([*_ALWAYS, *map(re.escape, secrets)]).encode())
    return [f"{path.relative_to(folder)}: {said.decode()}"
            for path in sorted(folder.rglob("*")) if path.is_file()
            for said in sorted({found[0] for found in wanted.finditer(_content(path))})]


def _content(path: Path) -> bytes:
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    if path.suffix == ".parquet":
        return repr(pq.read_table(path).to_pylist()).encode()
    return path.read_bytes()


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except (psutil.Error, OSError):
        return {}
