"""Secrets belong to a run: made for it, readable by its owner, gone after it, never committed."""

from __future__ import annotations

import math
import os
import re
import stat
from collections import Counter
from pathlib import Path

import pytest

from lab.deploy.deployment import Deployment
from lab.deploy.secrets import make_secrets, new_password
from tests.architecture.source_tree import ROOT, tracked_files
from tests.contract.suite.targets import Floor

PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{16}")
JWT = re.compile(rb"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}")
URL_WITH_PASSWORD = re.compile(rb"[a-z+]+://[\w.-]+:(?=[^@]*\d)[^\s{}@/\"']{4,}@")
ASSIGNED = re.compile(
    rb"""(?i)(?:password|passwd|secret|token|api_?key)\w*["']?\s*[=:]\s*["']([^"'\s{}]{16,})["']""")
PROVIDERS = re.compile(rb"\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|xox[baprs]-[\w-]{10,}|"
                       rb"sk_live_\w{16,}|glpat-[\w-]{20,})")
RANDOM_BITS = 3.6
"""Bits a character: words have fewer, random base64 of this length has more."""


def looks_random(text: bytes) -> bool:
    """Shannon's entropy of the characters of a text, against that of words."""
    counts = Counter(text)
    bits = -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())
    return bits > RANDOM_BITS and bool(re.search(rb"\d", text))


def secrets_in(data: bytes) -> list[bytes]:
    found = [match for pattern in (PRIVATE_KEY, JWT, URL_WITH_PASSWORD, PROVIDERS)
             for match in pattern.findall(data)]
    return found + [value for value in ASSIGNED.findall(data) if looks_random(value)]


def test_the_repository_has_no_secret() -> None:
    found = {path.relative_to(ROOT).as_posix(): secrets for path in tracked_files()
             if (secrets := secrets_in(path.read_bytes()))}
    assert found == {}


def test_the_repository_has_no_file_that_keeps_secrets() -> None:
    kept = re.compile(r"(?i)(\.(pem|key|p12|pfx|jks)|^\.env(\..*)?|id_(rsa|ed25519).*|\.pgpass)$")
    assert [path.name for path in tracked_files() if kept.search(path.name)] == []


@pytest.mark.parametrize("secret", [
    "-----BEGIN " "PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA",
    "ey" "JhbGciOiJFZERTQSJ9.eyJzdWIiOiIyIn0.c2lnbmF0dXJl",
    "postgresql" "://orders:s3cretpw@db/orders", "AKIA" "ABCDEFGHIJKLMNOP",
    "password" " = 'q8Zr2mXv91KsLw0TyBn4'"])
def test_the_search_would_find_one(secret: str) -> None:
    assert secrets_in(secret.encode())


def test_every_run_has_secrets_of_its_own(tmp_path: Path) -> None:
    runs = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        runs.append(make_secrets(tmp_path / name))
    first, second = runs
    for file in ("signing_key_file", "verifying_key_file", "service_token_file"):
        assert getattr(first, file).read_bytes() != getattr(second, file).read_bytes()
    assert first.service_token != second.service_token
    assert len({new_password() for _ in range(100)}) == 100


def test_another_user_can_read_no_file_with_a_secret(floor: Floor) -> None:
    folder = floor.deployment.private_folder
    secret = [folder / name for name in ("signing.pem", "service-token", "postgres-password")]
    for path in secret:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
    assert stat.S_IMODE(folder.stat().st_mode) & 0o066 == 0
    floor.everyone()
    data_folders = [path.parent for path in folder.rglob("postgresql.auto.conf")]
    assert len(data_folders) > len(floor.targets)  # one for each store, and the template
    for path in data_folders:
        assert stat.S_IMODE(path.stat().st_mode) == 0o700, path.name


def test_programs_are_told_only_the_secrets_that_they_need(floor: Floor) -> None:
    for target in floor.everyone():
        for (part, _), process in target.stack.processes.items():
            told = {name for name in process.command.environ if name.startswith("TWINSTORE_")}
            if part == "envoy" or part.startswith("postgres"):
                assert not any("FILE" in name or "URL" in name for name in told), part
            signs = "TWINSTORE_SIGNING_KEY_FILE" in told
            assert signs == (part in ("monolith", "colocated", "accounts")), part
            databases = {name for name in told if name.endswith("DATABASE_URL")}
            assert len(databases) == (1 if part not in ("colocated", "storefront", "envoy")
                                      and not part.startswith("postgres")
                                      else 6 if part == "colocated" else 0), part


def test_a_run_leaves_no_secret_behind(tmp_path: Path) -> None:
    with Deployment(tmp_path, cpus=None) as deployment:
        private = deployment.private_folder
        values = [deployment.service_token.encode(), deployment.signing_key_pem.encode()[30:60]]
        assert (private / "signing.pem").exists()
    assert not private.exists()
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or not any(value in path.read_bytes() for value in values), path
    assert not any(value.decode() in os.environ.values() for value in values)
