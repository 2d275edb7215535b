""".env.example as the guards read it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.guards.compose_file import REPOSITORY

#: The group of the variables that only docker-compose.yml reads.
COMPOSE_GROUP = "docker-compose.yml"

_HEADING = re.compile(r"# == (?P<group>.+) ==")
_VARIABLE = re.compile(r"(?P<mark># )?(?P<name>[A-Z][A-Z0-9_]*)=(?P<value>.*)")


@dataclass(frozen=True)
class Entry:
    """One variable: the heading that it stands under, the text above it, and the value shown."""

    group: str
    name: str
    value: str
    explanation: str
    #: Whether a copy of the file leaves it at its default; if not, it has to be filled in.
    is_optional: bool


def read_env_example() -> list[Entry]:
    """Every variable of the file, in its order."""
    entries: list[Entry] = []
    group, explanation, is_after_variable = "", "", False
    for line in (REPOSITORY / ".env.example").read_text().splitlines():
        if heading := _HEADING.fullmatch(line):
            group = heading["group"]
        elif variable := _VARIABLE.fullmatch(line):
            entries.append(
                Entry(group, variable["name"], variable["value"], explanation.strip(), bool(variable["mark"]))
            )
            is_after_variable = True
            continue
        elif line.startswith("# "):
            explanation = "" if is_after_variable else explanation
            explanation += line[1:]
        elif line:
            raise AssertionError(f".env.example: neither comment nor variable: {line!r}")
        else:
            explanation = ""
        is_after_variable = False
    return entries


def fill_in_secrets() -> dict[str, str]:
    """The variables of a copy of the file in which every line that ends in "=" was filled in."""
    return {
        entry.name: f"filled-in-{entry.name.lower().replace('_', '-')}"
        for entry in read_env_example()
        if not entry.is_optional
    }
