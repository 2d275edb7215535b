"""What a process says of settings that are missing or wrong: one line for each, and it ends."""

from __future__ import annotations

import re
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, MinLen
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from core.environment import Unusable, is_secret

#: Characters of a wrong value that are shown.
_SHOWN = 100


class InvalidSettings(SystemExit):
    """Settings are missing or wrong. Where nothing catches it, the process ends with exit code 1 and these lines, as it
    does in every program that reads settings: no supervisor can mend them by starting it again.
    """

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(f"darkroom: {line}" for line in lines))
        self.lines = lines

    @classmethod
    def of(cls, error: ValidationError, fields: dict[str, FieldInfo]) -> InvalidSettings:
        """One line for each setting that pydantic refused."""
        return cls([_describe(item, fields) for item in error.errors()])


def _describe(item: Any, fields: dict[str, FieldInfo]) -> str:
    reason = str(item["ctx"]["error"]) if item["type"] == "value_error" else ""
    if not item["loc"] or isinstance(item["input"], Unusable):
        return reason
    name = str(item["loc"][0])
    field = fields[name]
    if item["type"] == "missing":
        state = f"is not set, nor is {name.upper()}_FILE" if is_secret(field) else "is not set"
    else:
        state = "is wrong" if is_secret(field) else f"is {_show(item['input'])}"
    allowed = _describe_allowed(field) or item["msg"]
    return f"{name.upper()} {state}: {reason or f'it has to be {allowed}'}"


def _show(value: Any) -> str:
    text = re.sub(r"(?<=://)[^/@\s]*@", "…@", str(value))
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


def _describe_allowed(field: FieldInfo) -> str:
    """What the field's type and bounds allow, in words; "" if that cannot be put into words."""
    if get_origin(field.annotation) is Literal:
        *others, last = get_args(field.annotation)
        return f"{', '.join(others)} or {last}"
    # Of `int | None` the first.
    kind = (*get_args(field.annotation), field.annotation)[0]
    if kind is bool:
        return "true or false"
    words = {int: "a whole number", float: "a number"}.get(kind, "")
    bounds = [bound for each in field.metadata if (bound := _describe_bound(each))]
    return ", ".join(filter(None, [words, " and ".join(bounds)]))


def _describe_bound(bound: object) -> str:
    if isinstance(bound, Ge):
        return f"{bound.ge} or more"
    if isinstance(bound, Gt):
        return f"more than {bound.gt}"
    if isinstance(bound, Le):
        return f"{bound.le} at most"
    if isinstance(bound, MinLen):
        return f"{bound.min_length} characters or more"
    pattern = getattr(bound, "pattern", None)
    return f"text that matches {pattern}" if pattern else ""
