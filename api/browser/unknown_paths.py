"""What to say of an address at which nothing is, or of a method that it does not have: the operations that are near."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from werkzeug.routing import Map, Rule

#: Characters of an address that are looked at and repeated.
_LONGEST = 100

#: How much an address has to be like one that exists.
_LIKE = 0.55

_PLACE = re.compile(r"<(?:\w+:)?(\w+)>")


def explain_absence(path: str, rules: Map) -> str:
    """The sentence of a 404 for a path that no operation has."""
    path = path[:_LONGEST]
    near = [operation for known in _find_near(path, rules) for operation in known]
    hint = f" Near it: {', '.join(near)}." if near else ""
    return f"Darkroom has nothing at {path}.{hint} GET /docs/ shows every operation."


def explain_method(method: str, path: str, allowed: Iterable[str]) -> str:
    """The sentence of a 405."""
    methods = ", ".join(sorted({*allowed} - {"HEAD", "OPTIONS"}))
    return f"{path[:_LONGEST]} does not take {method[:_LONGEST]}: it takes {methods}. GET /docs/ shows every operation."


def _find_near(path: str, rules: Map) -> list[list[str]]:
    """The operations of the paths that are most like this one."""
    operations: dict[str, list[str]] = {}
    for rule in rules.iter_rules():
        if rule.rule.startswith(("/v1/", "/docs")) and "swagger" not in rule.rule:
            operations.setdefault(_PLACE.sub(r"{\1}", rule.rule), []).extend(_list_operations(rule))
    return [sorted(operations[near]) for near in difflib.get_close_matches(path, operations, n=2, cutoff=_LIKE)]


def _list_operations(rule: Rule) -> list[str]:
    path = _PLACE.sub(r"{\1}", rule.rule)
    return [f"{method} {path}" for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]
