"""Read DATABASE_URL as libpq reads it, and as people write it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from core.database_address.options import parse_options
from core.database_address.parameters import KNOWN, check_parameters

_SCHEMES = ("postgres", "postgresql", "postgresql+psycopg")

#: With these Darkroom connects if the address does not say otherwise.
_DEFAULTS = {
    "connect_timeout": "3",
    "application_name": "darkroom",
    # A half-open link is noticed by the kernel in about 15 s, idle (instead of two hours) or not (of minutes).
    "tcp_user_timeout": "15000",
    "keepalives_idle": "5",
    "keepalives_interval": "5",
    "keepalives_count": "2",
    # Whatever PGCLIENTENCODING in the environment, or the database, says.
    "client_encoding": "utf8",
    # What an address asks for is set when the session is open, because poolers refuse the parameter or drop it. PGOPTIONS
    # in the environment is not part of the address.
    "options": "",
}


@dataclass(frozen=True)
class DatabaseAddress:
    """What a DATABASE_URL says."""

    #: Parameters for `psycopg.connect`.
    parameters: dict[str, Any]
    #: What `options` of the address asks for: the values of settings by name, for every session.
    session_settings: dict[str, str]


def parse_database_url(url: str) -> DatabaseAddress:
    """Reads the address of a PostgreSQL: several hosts, folders of sockets and every parameter included.

    Raises ValueError, in one line without the password, if it cannot be read, or if it says what would not be in force.
    """
    scheme, _, rest = url.strip().partition("://")
    if scheme not in _SCHEMES:
        raise ValueError("must be the address of a PostgreSQL: postgresql://…")
    place, _, query = rest.partition("?")

    asked = _parse_query(query)
    settings = parse_options(asked.pop("options", ""))
    parameters = _parse_place(place) | asked
    check_parameters(parameters)
    if "," in (parameters.get("hostaddr") or parameters.get("host", "")):
        # Any of them may be a standby, on which nothing can be written.
        parameters.setdefault("target_session_attrs", "read-write")
    # libpq takes this name only if there is no other.
    left_out = {"application_name"} if "fallback_application_name" in parameters else set()
    return DatabaseAddress({name: _DEFAULTS[name] for name in _DEFAULTS.keys() - left_out} | parameters, settings)


def _parse_place(place: str) -> dict[str, str]:
    try:
        return {name: str(text) for name, text in conninfo_to_dict(f"postgresql://{place}").items()}
    except psycopg.Error:
        # Its message may quote the password.
        raise ValueError(
            "cannot be read: it is postgresql://user:password@host:port/database, and a user or password writes "
            '"@", ":", "/", "?", "#" and "%" as %40, %3A, %2F, %3F, %23 and %25'
        ) from None


def _parse_query(query: str) -> dict[str, str]:
    asked: dict[str, str] = {}
    for part in filter(None, query.split("&")):
        name, _, text = (unquote(piece) for piece in part.partition("="))
        if name not in KNOWN:
            # What is no name may be a part of a password that holds a "?".
            shown = f'"{name}"' if re.fullmatch("[A-Za-z_]+", name) and "@" not in query else "what stands behind the ?"
            raise ValueError(f"{shown} is not a parameter of a connection to PostgreSQL")
        if name == "options" and "+" in part:
            raise ValueError('"options" holds a "+": write a space as %20, and a plus as %2B')
        if name == "ssl":
            if text != "true":
                raise ValueError('"ssl" can only be true; "sslmode" takes every mode')
            name, text = "sslmode", "require"
        if name in asked:
            raise ValueError(f'"{name}" stands twice; several hosts or ports stand in one, with commas between them')
        asked[name] = text
    return asked
