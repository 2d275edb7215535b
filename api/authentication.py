"""Bearer API keys: who is asking."""

from __future__ import annotations

from uuid import UUID

import structlog
from flask import g, request

from core.accounts.api_keys import parse_api_key
from core.accounts.authenticate import authenticate
from core.database import look_up
from core.errors import NotAuthenticated
from core.ids import format_id
from core.settings import get_settings

_SCHEME = "bearer"


def require_account() -> None:
    """Put the caller's account on `g`, before anything else of the request is looked at. Raises NotAuthenticated."""
    scheme, _, api_key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != _SCHEME:
        raise NotAuthenticated
    pepper = get_settings().api_key_pepper.get_secret_value()
    g.account_id = look_up(lambda connection: authenticate(connection, api_key=api_key.strip(), pepper=pepper))
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
