"""Whether a fault acts now in the stores of a lab, as the machine shows it from the outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import psutil

from contract.faults import Board
from tests.e2e.lab_process import Lab, command_line


def acts(lab: Lab, fault: str) -> bool:
    """Say whether a fault of `lab_process.FAULTED` acts.  While nothing starts or stops only."""
    return _SIGNS[fault](lab)


def _stands_still(lab: Lab) -> bool:
    return any(_status(one) == psutil.STATUS_STOPPED for one in lab.own())


def _waits_for_a_lock(lab: Lab) -> bool:
    """A server's processes say in their title what they do; it may be one word, padded."""
    titles = (" ".join(command_line(one)).rstrip() for one in lab.own())
    return any(title.startswith("postgres:") and title.endswith(" waiting") for title in titles)


def _has_no_server(lab: Lab) -> bool:
    """A folder of databases is there, and nobody serves it."""
    served = {words[words.index("-D") + 1]
              for words in map(command_line, lab.own()) if "-D" in words}
    folders = {str(file.parent) for file in lab.temporary.glob("twinstore-*/*/*/PG_VERSION")}
    return bool(folders - served)


def _refuses(lab: Lab) -> bool:
    """A relay stands before the bank, and does not listen at its port."""
    for one in lab.own():
        ports = [int(word.split(":")[1]) for word in command_line(one) if word.startswith("bank:")]
        if ports and not {*ports} & _listens(one):
            return True
    return False


def _is_on_the_page(lab: Lab) -> bool:
    """What acts inside a module's code is armed on a page that its processes share."""
    pages = [Board(path) for path in lab.temporary.glob("twinstore-*/faults")]
    try:
        return any(page.is_armed for page in pages)
    finally:
        for page in pages:
            page.close()


_SIGNS: Final[dict[str, Callable[[Lab], bool]]] = {
    "payments-replica-freeze": _stands_still,
    "catalog-lock": _waits_for_a_lock,
    "database-down": _has_no_server,
    "bank-cut": _refuses,
    "payments-leak": _is_on_the_page,
}


def _status(process: psutil.Process) -> str:
    try:
        return process.status()
    except psutil.Error:
        return ""


def _listens(process: psutil.Process) -> set[int]:
    try:
        return {one.laddr.port for one in process.net_connections("tcp")
                if one.status == psutil.CONN_LISTEN}
    except psutil.Error:
        return set()
