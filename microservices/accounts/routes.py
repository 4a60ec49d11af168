"""HTTP of the accounts service."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from contract import models
from microservices.accounts import operations
from microservices.border import answer, body
from microservices.service import Here

accounts = APIRouter()


@accounts.post("/api/accounts")
async def register_account(
    new: Annotated[models.AccountCreate, Depends(body(models.AccountCreate))], here: Here
) -> Response:
    return answer(await operations.register_account(here.database, new), 201)


@accounts.post("/api/sessions")
async def sign_in(
    credentials: Annotated[models.SessionCreate, Depends(body(models.SessionCreate))], here: Here
) -> Response:
    key = here.settings.signing_key
    assert key is not None, "only accounts can sign, and it must have the key"
    return answer(await operations.sign_in(here.database, key, credentials), 201)
