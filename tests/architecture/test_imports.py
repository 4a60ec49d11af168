"""The import rule of the design: who may know whom."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.architecture.source_tree import PACKAGES, ROOT, Module, modules

MAY_IMPORT = {
    "contract": set(),
    "bank": {"contract"},
    "monolith": {"contract"},
    "microservices": {"contract"},
    "loadtests": {"contract"},
    "reports": {"contract"},
    "lab": {"contract", "reports", "loadtests"},
    "bench": {"contract", "reports", "loadtests", "lab"},
    "relay": set(),
}
"""`lab` and `bench` stand on top: nothing imports them but tests, and `bench` the lab."""

LOADTESTS_WITHOUT_LOCUST = {"loadtests.command"}
"""All that others may import of loadtests: how to start it.  It doesn't import Locust."""

PATCHES_THE_INTERPRETER = {"locust", "gevent", "geventhttpclient"}

SERVICES = sorted(
    path.name for path in (ROOT / "microservices").iterdir() if (path / "__init__.py").exists())
KNOWS_ALL_SERVICES = {"microservices.colocated", "microservices.seed"}
"""One process with all services, and the loader of seed data; neither serves a request."""


def ids(module: Module) -> str:
    return module.name


@pytest.mark.parametrize("module", modules(), ids=ids)
def test_a_module_imports_only_what_its_package_may_know(module: Module) -> None:
    foreign = {name.split(".", maxsplit=1)[0] for name in module.imports} & set(PACKAGES)
    assert foreign - {module.package} <= MAY_IMPORT[module.package]


@pytest.mark.parametrize("module", modules("lab", "bench"), ids=ids)
def test_the_lab_starts_locust_as_a_process(module: Module) -> None:
    for name in module.imports:
        if name.split(".", maxsplit=1)[0] == "loadtests":
            assert any(name == known or name.startswith(known + ".")
                       for known in LOADTESTS_WITHOUT_LOCUST), name


@pytest.mark.parametrize(
    "module", [m for m in modules() if m.package != "loadtests"], ids=ids)
def test_nothing_but_loadtests_imports_locust(module: Module) -> None:
    known = {name.split(".", maxsplit=1)[0] for name in module.imports}
    assert not known & PATCHES_THE_INTERPRETER


def test_what_the_lab_imports_does_not_load_locust() -> None:
    code = ("import sys, loadtests.command, lab.cli; "
            f"print(sorted(set(sys.modules) & {PATCHES_THE_INTERPRETER!r}))")
    printed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True,
                             capture_output=True, text=True, timeout=60)
    assert printed.stdout.strip() == "[]"


@pytest.mark.parametrize("module", modules("microservices"), ids=ids)
def test_services_never_import_each_other(module: Module) -> None:
    if module.name in KNOWS_ALL_SERVICES:
        return
    parts = module.name.split(".")
    own = parts[1] if len(parts) > 1 and parts[1] in SERVICES else None
    for name in module.imports:
        imported = name.split(".")
        if imported[0] == "microservices" and len(imported) > 1 and imported[1] in SERVICES:
            assert imported[1] == own, f"{module.name} imports {name}"


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_a_package_does_no_work(package: str) -> None:
    """No environment is read, nothing is opened: every module can be imported by itself."""
    names = [m.name for m in modules(package)
             if not m.name.endswith(("__main__", "locustfile")) and package != "loadtests"]
    code = (f"import importlib\nfor name in {names!r}:\n    importlib.import_module(name)\n"
            "import threading; print(threading.active_count())")
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, env={"PATH": ""},
                           capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout.strip()) == (0, "1"), ended.stderr[-2000:]
