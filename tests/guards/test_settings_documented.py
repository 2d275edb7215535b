from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic_core import PydanticUndefined

from core.settings import Settings
from tests.guards.compose_file import REPOSITORY
from tests.guards.env_example import COMPOSE_GROUP, Entry, read_env_example

ENTRIES = read_env_example()
SETTING_ENTRIES = [entry for entry in ENTRIES if entry.group != COMPOSE_GROUP]

#: Set by every deployment, whatever their default: docker-compose.yml requires them.
FILLED_IN = {"S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY", "API_KEY_PEPPER", "POSTGRES_PASSWORD", "REDIS_PASSWORD"}


def test_every_setting_is_explained_in_its_group() -> None:
    """.env.example and core/settings.py have the same settings under the same headings, in the same order."""
    documented: dict[str, list[str]] = {}
    for entry in SETTING_ENTRIES:
        documented.setdefault(entry.group, []).append(entry.name.lower())
    assert list(documented.items()) == list(_read_groups().items())
    assert [name for names in documented.values() for name in names] == list(Settings.model_fields)


def test_no_variable_is_explained_twice() -> None:
    """Each variable stands in .env.example once."""
    names = [entry.name for entry in ENTRIES]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("entry", SETTING_ENTRIES, ids=lambda entry: entry.name)
def test_the_default_shown_is_the_default(entry: Entry) -> None:
    """A value in .env.example is the default in core/settings.py."""
    assert entry.value == _show(Settings.model_fields[entry.name.lower()].default)


@pytest.mark.parametrize("entry", SETTING_ENTRIES, ids=lambda entry: entry.name)
def test_a_setting_says_its_unit(entry: Entry) -> None:
    """Every setting has its meaning above it, and a number says what it counts."""
    default = Settings.model_fields[entry.name.lower()].default
    assert entry.explanation or entry.name == "S3_SECRET_ACCESS_KEY"
    if isinstance(default, (int, float)) and not isinstance(default, bool):
        assert re.search(r"seconds|days|number", entry.explanation)


def test_only_secrets_are_left_to_fill_in() -> None:
    """Only the secrets of .env.example have to be filled in: they have no default."""
    assert {entry.name for entry in ENTRIES if not entry.is_optional} == FILLED_IN
    assert not [entry.name for entry in ENTRIES if not entry.is_optional and entry.value]
    required = {name.upper() for name, field in Settings.model_fields.items() if field.is_required()}
    assert required <= FILLED_IN


def _read_groups() -> dict[str, list[str]]:
    """The fields of Settings under the comments that head them."""
    groups: dict[str, list[str]] = {}
    heading = ""
    for line in (REPOSITORY / "core/settings.py").read_text().splitlines():
        if comment := re.fullmatch(r"    # (.+)", line):
            heading = comment[1]
        elif (field := re.match(r"    ([a-z][a-z0-9_]*): ", line)) and field[1] in Settings.model_fields:
            groups.setdefault(heading, []).append(field[1])
    return groups


def _show(default: Any) -> str:
    if default is None or default is PydanticUndefined:
        return ""
    return str(default).lower() if isinstance(default, bool) else str(default)
