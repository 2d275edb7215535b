"""How settings come out of the environment: by names in upper case, empty ones as if unset, and secrets from files as well."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import structlog
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

#: Marks a field that is no SecretStr as one whose value no message may show, such as an address with a password in it.
SECRET = "secret"  # noqa: S105

#: Bytes of a secret's file that are read: a file without end is a mistake.
_LONGEST_SECRET = 65_536

#: The variables of AWS's own programs, which have names like ours and meanings of their own.
_OTHERS = "AWS_"

#: How alike a name has to be to count as a misspelling, between 0 and 1: REDIS_URI and S3_ENDPOINT are, API_PORT is not.
_LIKENESS = 0.84

_log = structlog.get_logger()


@dataclass(frozen=True)
class Unusable:
    """In place of a value that cannot be had; `reason` is a sentence that names the variable."""

    reason: str


class Environment(PydanticBaseSettingsSource):
    """The source of the settings that the environment gives. What it lacks keeps its default."""

    def __call__(self) -> dict[str, Any]:
        fields = self.settings_cls.model_fields
        values = {name: self.get_field_value(field, name)[0] for name, field in fields.items()}
        return {name: value for name, value in values.items() if value is not None}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The value of one field as text, None if it is not set, or why there is none (Unusable)."""
        return _read(field, field_name.upper()), field_name, False


def is_secret(field: FieldInfo) -> bool:
    """Whether no message may show the field's value, and it can come from a file."""
    return SECRET in field.metadata or SecretStr in (field.annotation, *get_args(field.annotation))


def find_misspelt(fields: Mapping[str, FieldInfo], environment: Mapping[str, str]) -> dict[str, str]:
    """Variables that are no settings but look like one that is not set, with the name that was probably meant."""
    known = {name.upper() for name in fields} | {f"{name.upper()}_FILE" for name in fields if is_secret(fields[name])}
    unset = sorted(known - environment.keys())
    found = {}
    for name in sorted(environment.keys() - known):
        alike = get_close_matches(name.upper(), unset, n=1, cutoff=_LIKENESS)
        if alike and not name.startswith(_OTHERS):
            found[name] = alike[0]
    return found


@cache
def report_misspelt(settings: type[BaseSettings]) -> None:
    """Log the variables of this process that look like misspelt settings, once."""
    for name, meant in find_misspelt(settings.model_fields, os.environ).items():
        _log.warning("setting_misspelt", name=name, meant=meant)


def _read(field: FieldInfo, name: str) -> str | Unusable | None:
    value = _tidy(os.environ.get(name, ""))
    if is_secret(field) and (path := _tidy(os.environ.get(f"{name}_FILE", ""))):
        return Unusable(f"{name} and {name}_FILE are both set: only one of them may be") if value else _open(name, path)
    if get_origin(field.annotation) is Literal:
        value = value.lower()
    return value or None


def _tidy(value: str) -> str:
    # `docker run --env-file` hands over quotes and the carriage returns of a file from Windows, which a shell, systemd and
    # Compose take away. A process has to mean the same by the file whichever of them starts it.
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1].strip()
    return value


def _open(name: str, path: str) -> str | Unusable:
    """The secret in a file, without the end of its line."""
    beginning = f"{name}_FILE is {path!r}"
    try:
        with Path(path).open("rb") as file:
            content = file.read(_LONGEST_SECRET + 1)
        secret = content.decode("utf-8-sig").strip()
    except OSError as error:
        return Unusable(f"{beginning}, which cannot be read: {error.strerror}")
    except ValueError:
        return Unusable(f"{beginning}, which is not a file of text")
    if not secret:
        return Unusable(f"{beginning}, which is empty")
    if len(content) > _LONGEST_SECRET or len(secret.splitlines()) > 1:
        return Unusable(f"{beginning}, which holds more than one line")
    return secret
