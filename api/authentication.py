"""Bearer API keys: who is asking."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

import structlog
from flask import current_app, g, request

from core.accounts.api_key_cache import ApiKeyCache
from core.accounts.api_keys import ApiKeyParts, parse_api_key
from core.accounts.authenticate import authenticate
from core.database import read_with_one_retry
from core.errors import NotAuthenticated
from core.ids import format_id
from core.settings import get_settings

_SCHEME = "bearer"

#: Marks a view function whose use case in core checks that the key still opens the account.
_CORE_CHECKS = "core_checks_the_key"

_View = TypeVar("_View", bound=Callable[..., Any])


def core_checks_the_key(view: _View) -> _View:
    """Marks a view whose call into core checks, in a statement that it has to run anyway, whether the key has been revoked:
    until then it is enough that the key opened the account within the last half minute.
    """
    setattr(view, _CORE_CHECKS, True)
    return view


def require_account() -> None:
    """Puts the caller's account on `g`, before anything else of the request is looked at. Raises NotAuthenticated."""
    scheme, _, api_key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != _SCHEME:
        raise NotAuthenticated
    open_account(api_key)


def open_account(api_key: str) -> None:
    """Puts the account that the key opens on `g`. Raises NotAuthenticated."""
    g.api_key = parse_api_key(api_key.strip())
    if g.api_key is None:
        raise NotAuthenticated
    view = current_app.view_functions.get(request.endpoint or "")
    cached = _api_key_cache().find(g.api_key) if hasattr(view, _CORE_CHECKS) else None
    g.account_id = cached or _authenticate(g.api_key)
    structlog.contextvars.bind_contextvars(account_id=format_id("acc", g.account_id))


def _authenticate(api_key: ApiKeyParts) -> UUID:
    """Asks the database which account the key opens now."""
    account_id = read_with_one_retry(lambda connection: authenticate(connection, api_key, pepper=_pepper()))
    _api_key_cache().remember(api_key, account_id)
    return account_id


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
