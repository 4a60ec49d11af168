"""The bank charges once, declines what it should, and never captures what was voided."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from bank.app import create_app
from bank.ledger import Ledger as Books
from contract.bank import Charge, ChargeResult, Ledger
from contract.faults import Armed, Board, fault_point


def charge(key: str = "k1", card: str = "tok_approve", amount: int = 1250) -> bytes:
    return Charge(key=key, amount_minor=amount, currency="EUR", card_token=card
                  ).model_dump_json().encode()


def talk(
    conversation: Callable[[httpx.AsyncClient], Awaitable[None]], journal: Path | None = None
) -> None:
    async def run() -> None:
        transport = httpx.ASGITransport(create_app(0, journal=journal), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            await conversation(client)

    asyncio.run(run())


async def kinds(client: httpx.AsyncClient) -> list[str]:
    ledger = Ledger.model_validate_json((await client.get("/ledger")).content)
    return [entry.kind for entry in ledger.entries]


def test_the_same_key_is_captured_once_even_when_asked_at_once() -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        answers = await asyncio.gather(*(client.post("/charges", content=charge())
                                         for _ in range(5)))
        assert {answer.status_code for answer in answers} == {201}
        assert {answer.content for answer in answers} == {answers[0].content}
        assert await kinds(client) == ["capture"]

    talk(conversation)


@pytest.mark.parametrize(("card", "status"), [
    ("tok_approve", 201), ("tok_decline", 402), ("tok_slow", 201), ("tok_error", 500),
    ("tok_unheard_of", 402),
])
def test_each_test_card_gets_its_answer(card: str, status: int) -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        assert (await client.post("/charges", content=charge(card=card))).status_code == status

    talk(conversation)


def test_voiding_a_capture_refunds_it_once() -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        await client.post("/charges", content=charge())
        for _ in range(2):
            voided = await client.post("/charges/k1/void")
            answer = ChargeResult.model_validate_json(voided.content)
            assert (answer.status, answer.amount_minor) == ("refunded", 1250)
        assert await kinds(client) == ["capture", "refund"]

    talk(conversation)


def test_a_charge_that_comes_after_its_void_is_refused() -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        late = asyncio.create_task(client.post("/charges", content=charge(card="tok_slow")))
        await asyncio.sleep(0)
        assert (await client.post("/charges/k1/void")).json()["status"] == "voided"
        answer = await late
        assert (answer.status_code, answer.json()["status"]) == (402, "voided")
        assert await kinds(client) == ["void"]

    talk(conversation)


def test_an_unknown_key_is_not_found_and_a_known_one_is() -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        assert (await client.get("/charges/k1")).status_code == 404
        await client.post("/charges", content=charge())
        assert (await client.get("/charges/k1")).json()["status"] == "captured"

    talk(conversation)


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b'{"key":"k","amount_minor":-1,"currency":"EUR","card_token":"tok_approve"}',
    b'{"key":"k","amount_minor":1,"currency":"USD","card_token":"tok_approve"}',
    b'{"key":"","amount_minor":1,"currency":"EUR","card_token":"tok_approve"}',
])
def test_what_is_not_a_charge_is_refused(body: bytes) -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        assert (await client.post("/charges", content=body)).status_code == 422
        assert await kinds(client) == []

    talk(conversation)


def test_a_restart_finds_the_journal_and_drops_a_line_cut_short(tmp_path: Path) -> None:
    journal = tmp_path / "journal"

    async def before(client: httpx.AsyncClient) -> None:
        await client.post("/charges", content=charge())

    async def after(client: httpx.AsyncClient) -> None:
        await client.post("/charges", content=charge())
        assert await kinds(client) == ["capture"]
        assert (await client.delete("/ledger")).status_code == 204
        assert await kinds(client) == []

    talk(before, journal)
    with journal.open("ab") as file:
        file.write(b'{"key":"k2","ki')
    talk(after, journal)
    assert journal.read_bytes() == b""


def test_a_movement_that_the_disk_does_not_take_is_not_half_written(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    books = Books(journal)
    books.charge(Charge.model_validate_json(charge("k1")))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (journal.stat().st_size + 10, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            books.charge(Charge.model_validate_json(charge("k2")))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert books.find("k2") is None
    books.charge(Charge.model_validate_json(charge("k3")))
    assert [entry.key for entry in Books(journal).entries] == ["k1", "k3"]


def test_an_armed_fault_reaches_charges_only(tmp_path: Path) -> None:
    board = Board.create(tmp_path / "faults")
    point = fault_point("bank", {"TWINSTORE_FAULTS_FILE": str(tmp_path / "faults"),
                                 "TWINSTORE_FIRED_FILE": str(tmp_path / "fired")})
    board.arm(Armed("bank", "error"))

    async def run() -> None:
        transport = httpx.ASGITransport(create_app(0, point), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            assert (await client.post("/charges", content=charge())).status_code == 500
            assert (await client.post("/charges/k1/void")).status_code == 200

    asyncio.run(run())
    assert (tmp_path / "fired").read_text().count("\n") == 1
    board.close()


def test_a_declined_card_stays_declined_when_its_key_is_voided() -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        await client.post("/charges", content=charge(card="tok_decline"))
        await client.post("/charges/k1/void")
        assert (await client.post("/charges", content=charge())).status_code == 402
        assert await kinds(client) == ["decline"]

    talk(conversation)


def test_a_charge_under_way_at_a_reset_does_not_reach_the_new_books() -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        late = asyncio.create_task(client.post("/charges", content=charge(card="tok_slow")))
        await asyncio.sleep(0.1)
        await client.post("/charges/k1/void")
        await client.delete("/ledger")
        assert (await late).status_code == 500
        assert await kinds(client) == []

    talk(conversation)
