"""Read the `options` of a DATABASE_URL: settings that every session gets."""

from __future__ import annotations

import re

#: Settings that Darkroom's statements rely on, with the values that mean what it needs. It sets them itself.
_RELIED_ON = {
    "client_encoding": {"utf8", "utf-8", "unicode"},
    "datestyle": {"iso", "iso, mdy"},
    "default_transaction_deferrable": {"off", "false", "no", "0"},
    "default_transaction_isolation": {"read committed"},
    "default_transaction_read_only": {"off", "false", "no", "0"},
    "extra_float_digits": {"1", "2", "3"},
    "intervalstyle": {"postgres"},
    "standard_conforming_strings": {"on", "true", "yes", "1"},
    "timezone": {"utc"},
    "transform_null_equals": {"off", "false", "no", "0"},
}

#: Of one transaction, which a session cannot be opened with.
_OF_A_TRANSACTION = {"transaction_isolation", "transaction_deferrable", "transaction_read_only"}


def parse_options(options: str) -> dict[str, str]:
    """Reads `-c name=value` and `--name=value`, with spaces between them (one in a value has a backslash before it).

    Returns the values by name. Raises ValueError, in one line, for what cannot be set in a session, or contradicts what
    Darkroom relies on.
    """
    settings: dict[str, str] = {}
    words = iter(_split(options))
    for word in words:
        if word == "-c":
            assignment = next(words, "")
        elif word.startswith(("-c", "--")):
            assignment = word[2:]
        else:
            raise ValueError(f'"options" may hold -c name=value and --name=value, and not "{word}"')
        name, has_value, text = assignment.partition("=")
        # As PostgreSQL reads them.
        name = name.replace("-", "_").lower()
        if not has_value or not re.fullmatch(r"[a-z_][a-z0-9_.$]*", name):
            raise ValueError(f'"options" may hold -c name=value and --name=value, and not "{word} {assignment}"')
        _check(name, text)
        settings[name] = text
    return settings


def _split(options: str) -> list[str]:
    return [
        re.sub(r"\\(.)", r"\1", word, flags=re.DOTALL) for word in re.findall(r"(?:\\.|[^\s\\])+", options, re.DOTALL)
    ]


def _check(name: str, text: str) -> None:
    allowed = _RELIED_ON.get(name)
    if name in _OF_A_TRANSACTION or (allowed is not None and text.strip().lower() not in allowed):
        raise ValueError(f'"options" sets {name} to "{text}", on which Darkroom\'s statements do not work')
