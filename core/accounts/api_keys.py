"""The API key's format, `dk_<id>_<secret><checksum>`, and how its secret is kept. Pure functions."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import zlib
from typing import NamedTuple

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID_LENGTH = 12
_SECRET_LENGTH = 43  # 62^43 > 2^256
_CHECKSUM_LENGTH = 6  # 62^6 > 2^32

_KEY = re.compile(
    rf"dk_([0-9A-Za-z]{{{_ID_LENGTH}}})_([0-9A-Za-z]{{{_SECRET_LENGTH}}})([0-9A-Za-z]{{{_CHECKSUM_LENGTH}}})", re.ASCII
)


class ApiKeyParts(NamedTuple):
    """The public id and the secret inside a key."""

    id: str
    secret: str


def new_api_key() -> ApiKeyParts:
    """A fresh id and a fresh 256-bit secret."""
    return ApiKeyParts(_random_word(_ID_LENGTH), _random_word(_SECRET_LENGTH))


def format_api_key(key: ApiKeyParts) -> str:
    """The key as its owner sees it, once. The checksum lets secret scanners tell a real key from a look-alike."""
    return f"dk_{key.id}_{key.secret}{_checksum(key)}"


def parse_api_key(text: str) -> ApiKeyParts | None:
    """The parts of a well-formed key, or None: a typing error is refused without asking the database."""
    match = _KEY.fullmatch(text)
    if match is None:
        return None
    key = ApiKeyParts(match[1], match[2])
    return key if hmac.compare_digest(match[3], _checksum(key)) else None


def hash_secret(secret: str, pepper: str) -> bytes:
    """HMAC-SHA256 under the pepper: fast is right for a 256-bit secret, and a stolen table alone proves nothing."""
    return hmac.new(pepper.encode(), secret.encode(), hashlib.sha256).digest()


def _random_word(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _checksum(key: ApiKeyParts) -> str:
    number = zlib.crc32(f"{key.id}_{key.secret}".encode())
    digits = []
    for _ in range(_CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
