"""Bearer API keys: who is asking."""

from __future__ import annotations

from functools import cache
from uuid import UUID

import structlog
from flask import g, request

from core.accounts.api_key_cache import ApiKeyCache
from core.accounts.api_keys import ApiKeyParts, parse_api_key
from core.accounts.authenticate import authenticate
from core.database import read_with_one_retry
from core.errors import NotAuthenticated
from core.ids import format_id
from core.settings import get_settings

_SCHEME = "bearer"

#: The operations that ask the database whether the key still opens the account in a statement of theirs, or by
#: `confirm_account`: for those it is enough at first that it did a moment ago.
_ASK_AGAIN = frozenset({"jobs.post_job"})


def require_account() -> None:
    """Put the caller's account on `g`, before anything else of the request is looked at. Raises NotAuthenticated."""
    scheme, _, api_key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != _SCHEME:
        raise NotAuthenticated
    g.api_key = parse_api_key(api_key.strip())
    if g.api_key is None:
        raise NotAuthenticated
    known = _api_key_cache().find(g.api_key) if request.endpoint in _ASK_AGAIN else None
    if known is None:
        confirm_account()
    else:
        g.account_id = known
    structlog.contextvars.bind_contextvars(account_id=format_id("acc", g.account_id))


def confirm_account() -> None:
    """Ask the database which account the caller's key opens now. Raises NotAuthenticated."""
    pepper = _pepper()
    g.account_id = read_with_one_retry(lambda connection: authenticate(connection, g.api_key, pepper=pepper))
    _api_key_cache().remember(g.api_key, g.account_id)


def current_account_id() -> UUID:
    """The account that `require_account` found."""
    account_id: UUID = g.account_id
    return account_id


def current_api_key_id() -> str:
    """The public part of the key that `require_account` accepted."""
    api_key: ApiKeyParts = g.api_key
    return api_key.id


@cache
def _api_key_cache() -> ApiKeyCache:
    return ApiKeyCache(_pepper())


def _pepper() -> str:
    return get_settings().api_key_pepper.get_secret_value()
