"""The border of a store: what it reads, what it refuses, and with which code."""

from __future__ import annotations

import json

import pytest
from pydantic import BaseModel

from contract import errors, models
from contract.http import (
    MAX_BODY_BYTES,
    Work,
    fingerprint,
    parse_body,
    parse_idempotency_key,
    parse_order_id,
    parse_payment_id,
    parse_product_id,
    parse_query,
    read_work,
    request_id,
    to_json,
)
from contract.money import euros

JSON = "application/json"


def code_of_body(model: type[BaseModel], body: bytes, media_type: str | None = JSON) -> str:
    with pytest.raises(errors.StoreError) as refused:
        parse_body(model, media_type, body)
    return refused.value.code


@pytest.mark.parametrize("media_type", [
    JSON, "application/json; charset=utf-8", "Application/JSON ;charset=utf-8"])
def test_json_is_read_whatever_its_parameters(media_type: str) -> None:
    assert parse_body(models.CartItemPut, media_type, b'{"quantity": 3}').quantity == 3


@pytest.mark.parametrize("media_type", [
    None, "", "text/plain", "application/jsonp", "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded", "text/json", "application/json+x"])
def test_other_media_types_are_refused(media_type: str | None) -> None:
    assert code_of_body(models.CartItemPut, b'{"quantity":1}', media_type) == (
        "unsupported_media_type")


@pytest.mark.parametrize("body", [
    b"", b" ", b"{", b'{"quantity":1', b'{"quantity":1}}', b"{'quantity':1}", b'{"quantity":01}',
    b"\xef\xbb\xbf{\"quantity\":1}", '{"quantity":1}'.encode("utf-16"), b"\xff\xfe\x00",
    b'{"quantity":"\xc3\x28"}', rb'{"quantity":"\ud800"}', b"[" * 100_000, b'{"a":' * 50_000,
    b'{"quantity":1,}', b'{"quantity":\x001}',
])
def test_broken_json_is_malformed(body: bytes) -> None:
    assert code_of_body(models.CartItemPut, body) == "malformed_json"


@pytest.mark.parametrize("body", [
    b"null", b"[]", b"3", b'"quantity"', b"{}", b'{"quantity":null}', b'{"quantity":"1"}',
    b'{"quantity":1.0}', b'{"quantity":1.5}', b'{"quantity":true}', b'{"quantity":0}',
    b'{"quantity":-1}', b'{"quantity":100}', b'{"quantity":1e2}', b'{"quantity":NaN}',
    b'{"quantity":Infinity}', b'{"quantity":-Infinity}', b'{"quantity":[1]}',
    b'{"quantity":1,"extra":1}', b'{"quantity":' + b"9" * 4000 + b"}",
])
def test_json_of_another_shape_fails_validation(body: bytes) -> None:
    assert code_of_body(models.CartItemPut, body) == "validation_failed"


def test_a_body_may_be_one_mebibyte_and_no_byte_more() -> None:
    head, tail = b'{"quantity":1', b"}"
    fits = head + b" " * (MAX_BODY_BYTES - len(head) - len(tail)) + tail
    assert parse_body(models.CartItemPut, JSON, fits).quantity == 1
    assert code_of_body(models.CartItemPut, fits[:-1] + b" }") == "body_too_large"
    assert code_of_body(models.CartItemPut, fits + b" ", "text/plain") == "body_too_large"


@pytest.mark.parametrize("name", [
    "a\x00b", "\x07", "a\x1fb", "a\x7fb", "\ufffe", "\uffff", "", "   ", "\u2003", "x" * 201])
def test_names_that_can_not_be_shown_are_refused(name: str) -> None:
    body = {"email": "a@b.example", "name": name, "password": "long enough"}
    assert code_of_body(models.AccountCreate, json.dumps(body).encode()) == "validation_failed"


@pytest.mark.parametrize("name", [
    "Łódź", "李小龍", "مرحبا", "Zoë 🦊", "a\u0301", "\u200fright to left",
    "\U0001f468\u200d\U0001f469",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "O'Brien; DROP TABLE accounts; --", "%s %(x)s {0} ${y}", "x" * 200, "🦊" * 200])
def test_odd_but_printable_names_are_kept_as_they_are(name: str) -> None:
    body = {"email": "a@b.example", "name": name, "password": "long enough"}
    for text in (json.dumps(body), json.dumps(body, ensure_ascii=False)):
        assert parse_body(models.AccountCreate, JSON, text.encode()).name == name


@pytest.mark.parametrize("email", [
    "", "a", "a@b", "@b.example", "a@", "a@b..example", "a b@c.example", "a@b.example\n", "a@@b.c",
    "ä@b.example", "a@bücher.example", "a" * 65 + "@b.example", "a@" + "b" * 64 + ".example",
    "a\u202e@b.example", "<a@b.example>"])
def test_what_is_no_plain_address_is_refused(email: str) -> None:
    body = {"email": email, "name": "A", "password": "long enough"}
    assert code_of_body(models.AccountCreate, json.dumps(body).encode()) == "validation_failed"


def test_addresses_are_compared_without_case() -> None:
    body = b'{"email":"Ada@Example.ORG","password":"p"}'
    assert parse_body(models.SessionCreate, JSON, body).email == "ada@example.org"


def test_a_refusal_names_fields_without_repeating_what_was_sent() -> None:
    body = json.dumps({"email": "secret-address", "password": "hunter2", "\u202e" * 300: 1,
                       "\x00bell\x07": 1}).encode()
    with pytest.raises(errors.ValidationFailed) as refused:
        parse_body(models.SessionCreate, JSON, body)
    document = to_json(refused.value.problem("r")).decode()
    assert "hunter2" not in document
    assert "secret-address" not in document
    assert {"email"} <= {problem.field for problem in refused.value.errors}
    assert all(p.field.isascii() and p.field.isprintable() and len(p.field) <= 100
               for p in refused.value.errors)


def test_a_thousand_wrong_fields_make_a_small_document() -> None:
    body = json.dumps({f"f{number}": number for number in range(1000)}).encode()
    with pytest.raises(errors.ValidationFailed) as refused:
        parse_body(models.CartItemPut, JSON, body)
    assert len(refused.value.errors) == 20


@pytest.mark.parametrize(("query", "page", "page_size"), [
    ("", 1, 20), ("page=2", 2, 20), ("page=10000&page_size=100", 10_000, 100),
    ("&&page=3&", 3, 20)])
def test_pages_are_read(query: str, page: int, page_size: int) -> None:
    read = parse_query(models.ProductQuery, query)
    assert (read.page, read.page_size) == (page, page_size)
    assert read.offset == (page - 1) * page_size
    assert parse_query(models.ProductQuery, query.encode()) == read


@pytest.mark.parametrize("query", [
    "page=0", "page=-1", "page=10001", "page=", "page=x", "page=1.5", "page=NaN", "page=1e3",
    "page_size=0", "page_size=101", "page=1&page=1", "page=1&page=2", "unknown=1", "category=",
    "category=Kitchen", "category=a_b", "category=%00", "category=" + "a" * 61, "page=%ff",
    "page=9" * 400, "&".join(f"a{n}=1" for n in range(60)), "page[]=1", "category=../x",
])
def test_query_strings_that_can_not_be_meant_are_refused(query: str) -> None:
    for sent in (query, query.encode()):
        with pytest.raises(errors.ValidationFailed):
            parse_query(models.ProductQuery, sent)


@pytest.mark.parametrize("query", [
    "", "q=", "q=%20%09", "q=%00", "q=a%00b", "q=" + "a" * 201, "q=a&sort=random",
    "q=a&min_price=-1",
    "q=a&max_price=100000001", "q=a&min_price=1.5", "q=a&q=b", "q=a&limit=3", "q=%07"])
def test_searches_that_can_not_be_meant_are_refused(query: str) -> None:
    with pytest.raises(errors.ValidationFailed):
        parse_query(models.SearchQuery, query)


@pytest.mark.parametrize("sent", ["q=%ED%A0%80", "q=%ff%fe", b"q=\xff\xfe", "q=%C3%28"])
def test_broken_unicode_in_a_query_becomes_replacement_characters(sent: str | bytes) -> None:
    q = parse_query(models.SearchQuery, sent).q
    assert q.encode()


@pytest.mark.parametrize("text", ["1", "42", str(2**31 - 1)])
def test_product_ids_are_read(text: str) -> None:
    assert parse_product_id(text) == int(text)


@pytest.mark.parametrize("text", [
    "", "0", "-1", "+1", "01", "1.0", "1e3", " 1", "1 ", "x", "٣", "１", "²", str(2**31), "9" * 11,
    "9" * 5000, "1\n", "1;2", "%31", "\x00", "null", "None"])
def test_what_is_no_product_id_does_not_exist(text: str) -> None:
    with pytest.raises(errors.ProductNotFound):
        parse_product_id(text)


@pytest.mark.parametrize("text", [
    "", "1", "x", "A1B2C3D4-0000-4000-8000-000000000000", "{a1b2c3d4-0000-4000-8000-000000000000}",
    "a1b2c3d400004000800000000000000000", "urn:uuid:a1b2c3d4-0000-4000-8000-000000000000",
    "a1b2c3d4-0000-4000-8000-00000000000", "a1b2c3d4-0000-4000-8000-000000000000\n", "é" * 36])
def test_what_is_no_uuid_does_not_exist(text: str) -> None:
    with pytest.raises(errors.OrderNotFound):
        parse_order_id(text)
    with pytest.raises(errors.PaymentNotFound):
        parse_payment_id(text)


def test_uuids_are_read() -> None:
    text = "a1b2c3d4-0000-4000-8000-000000000000"
    assert str(parse_order_id(text)) == str(parse_payment_id(text)) == text


@pytest.mark.parametrize(("sent", "code"), [
    (None, "idempotency_key_missing"), ("", "idempotency_key_missing"),
    ("é", "idempotency_key_missing"), ("key-🦊", "idempotency_key_missing"),
    ("a b", "idempotency_key_invalid"), ("a" * 256, "idempotency_key_invalid"),
    ("a\n", "idempotency_key_invalid"),
    ("\x7f", "idempotency_key_invalid"), (" ", "idempotency_key_invalid")])
def test_idempotency_keys_are_refused(sent: str | None, code: str) -> None:
    with pytest.raises(errors.BadRequest) as refused:
        parse_idempotency_key(sent)
    assert refused.value.code == code


@pytest.mark.parametrize("sent", ["a", "!" * 255, "7b1c-~{}"])
def test_idempotency_keys_are_read(sent: str) -> None:
    assert parse_idempotency_key(sent) == sent


@pytest.mark.parametrize("sent", ["a", "trace-1.2_3", "x" * 128])
def test_a_well_formed_request_id_is_taken_over(sent: str) -> None:
    assert request_id(sent) == sent


@pytest.mark.parametrize("sent", [None, "", "x" * 129, "a b", "a\nb", "é", "<script>", "a\x00"])
def test_another_request_id_is_replaced(sent: str | None) -> None:
    made = request_id(sent)
    assert made != sent
    assert request_id(made) == made


def test_the_fingerprint_tells_requests_apart_by_meaning() -> None:
    one = parse_body(models.OrderCreate, JSON, b'{"card_token":"tok_approve"}')
    same = parse_body(models.OrderCreate, JSON, b'{ "card_token" :\n"tok_approve" }')
    other = parse_body(models.OrderCreate, JSON, b'{"card_token":"tok_decline"}')
    assert fingerprint(one) == fingerprint(same) != fingerprint(other)


def test_answers_are_written_as_the_model_says() -> None:
    product = models.Product.model_construct(
        id=1, name="Łódź", category="kitchen", price=euros(199), description="", stock=0)
    assert models.Product.model_validate_json(to_json(product)) == product


@pytest.mark.parametrize("work", [Work(), Work(3, 5, 21), Work(99_999, 99_999, 999_999_999)])
def test_work_is_read_as_it_was_written(work: Work) -> None:
    assert read_work(str(work)) == work


@pytest.mark.parametrize("sent", [
    None, "", "3", "calls=3", "calls=3;statements=5", "calls=3;statements=5;rows=21;x=1",
    "calls=-1;statements=5;rows=21", "calls=3; statements=5; rows=21", "calls=1e3;statements=1;"
    "rows=1", "calls=٣;statements=1;rows=1", "calls=1;statements=1;rows=9999999999"])
def test_odd_work_is_none(sent: str | None) -> None:
    assert read_work(sent) == Work()


def test_work_of_a_called_service_is_added() -> None:
    work = Work(1, 2, 3)
    work.add(Work(4, 5, 6))
    assert work == Work(5, 7, 9)
