"""Bearer API keys: who is asking."""

from __future__ import annotations

from uuid import UUID

import structlog
from flask import g, request

from core.accounts.api_keys import parse_api_key
from core.accounts.authenticate import authenticate
from core.database import transaction
from core.errors import NotAuthenticated
from core.ids import format_id
from core.settings import get_settings

_SCHEME = "bearer"


def require_account() -> None:
    """Put the caller's account on `g`, before anything else of the request is looked at. Raises NotAuthenticated."""
    scheme, _, api_key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != _SCHEME:
        raise NotAuthenticated
    with transaction() as session:
        g.account_id = authenticate(
            session, api_key=api_key.strip(), pepper=get_settings().api_key_pepper.get_secret_value()
        )
    g.api_key = api_key.strip()
    structlog.contextvars.bind_contextvars(account_id=format_id("acc", g.account_id))


def current_account_id() -> UUID:
    """The account that `require_account` found."""
    account_id: UUID = g.account_id
    return account_id


def current_api_key_id() -> str:
    """The public part of the key that `require_account` accepted."""
    parts = parse_api_key(g.api_key)
    if parts is None:
        raise NotAuthenticated
    return parts.id
