"""docker-compose.yml as the guards read it: parsed, and with its variables put in the way Compose does it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
COMPOSE_PATH = REPOSITORY / "docker-compose.yml"

_VARIABLE = re.compile(r"\$\{(?P<name>[A-Z][A-Z0-9_]*)(?:(?P<operator>:-|:\?)(?P<rest>.*))?\}", re.DOTALL)


class MissingVariable(Exception):
    """A variable that the file requires is unset or empty."""


def load_compose() -> dict[str, Any]:
    """The file as it is written, anchors and merges resolved."""
    loaded: dict[str, Any] = yaml.safe_load(COMPOSE_PATH.read_text())
    return loaded


def runs_our_code(service: Mapping[str, Any]) -> bool:
    """Whether a service is one of Darkroom's own processes."""
    return str(service["image"]).startswith("darkroom-")


def list_volumes(service: Mapping[str, Any]) -> list[str]:
    """The named volumes that a service mounts while no variable says otherwise."""
    volumes: list[str] = interpolate(service.get("volumes", []), {})
    return [volume.split(":")[0] for volume in volumes]


def interpolate(value: Any, variables: Mapping[str, str]) -> Any:
    """A value with `${NAME}`, `${NAME:-default}` and `${NAME:?message}` put in, at every depth.

    Raises MissingVariable where Compose would refuse to start.
    """
    if isinstance(value, dict):
        return {key: interpolate(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [interpolate(item, variables) for item in value]
    return _interpolate_text(value, variables) if isinstance(value, str) else value


def list_variables(text: str) -> list[tuple[str, str | None]]:
    """Every place where a text takes a variable from `.env`, nested ones as well: its name, and its default if any."""
    places: list[tuple[str, str | None]] = []
    for _, _, name, operator, rest in _split(text):
        places += [(name, rest if operator == ":-" else None), *list_variables(rest)]
    return places


def resolve_environment(service: Mapping[str, Any], variables: Mapping[str, str]) -> dict[str, str]:
    """What a service's container finds in its environment; a name without a value is passed on where it is set."""
    declared: dict[str, Any] = interpolate(service["environment"], variables)
    passed_on = {name: variables.get(name) if value is None else str(value) for name, value in declared.items()}
    return {name: value for name, value in passed_on.items() if value is not None}


def _interpolate_text(text: str, variables: Mapping[str, str]) -> str:
    result, position = "", 0
    for start, end, name, operator, rest in _split(text):
        value = variables.get(name, "")
        if not value and operator == ":?":
            raise MissingVariable(f"{name}: {rest}")
        if not value and operator == ":-":
            value = _interpolate_text(rest, variables)
        result += text[position:start].replace("$$", "$") + value
        position = end
    return result + text[position:].replace("$$", "$")


def _split(text: str) -> list[tuple[int, int, str, str, str]]:
    """Start, end, name, operator and rest of each outermost `${…}`."""
    parts = []
    position = 0
    while (start := text.find("$", position)) >= 0:
        if text.startswith("$$", start):
            position = start + 2
            continue
        end = _find_end(text, start)
        match = _VARIABLE.fullmatch(text[start:end])
        assert match, f"Compose does not understand {text[start:]!r}"
        parts.append((start, end, match["name"], match["operator"] or "", match["rest"] or ""))
        position = end
    return parts


def _find_end(text: str, start: int) -> int:
    depth = 0
    for position in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if text[position] == "}" and depth == 0:
            return position + 1
    raise AssertionError(f"no end of {text[start:]!r}")
