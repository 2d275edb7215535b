"""What the blueprints of all dialects share."""

from __future__ import annotations

import base64
import binascii

from flask import Blueprint, request

from api.authentication import open_account
from api.json_body import set_body_limit
from api.translation.wait import answer_waited
from core.errors import NotAuthenticated


def build_dialect_blueprint(name: str, prefix: str) -> Blueprint:
    """A blueprint whose every operation needs an API key, in any spelling. None of them is in our API document."""
    blueprint = Blueprint(f"dialect_{name}", __name__, url_prefix=prefix)
    blueprint.before_request(require_account_in_any_spelling)
    blueprint.before_request(set_body_limit)
    blueprint.before_request(answer_waited)
    return blueprint


def require_account_in_any_spelling() -> None:
    """Puts the caller's account on `g`: as `Bearer`, `Key` or `Token` and the key, or as `Basic`, where the key is the password, or
    the name. Raises NotAuthenticated.
    """
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    match scheme.lower():
        case "bearer" | "key" | "token":
            open_account(rest)
        case "basic":
            open_account(_read_basic(rest))
        case _:
            raise NotAuthenticated


def _read_basic(credentials: str) -> str:
    try:
        name, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise NotAuthenticated from None
    return password or name
