"""A number for all control images of a request, or a list with one for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field, PlainValidator, TypeAdapter

from core.jobs.request.picture_fields import MOST_PICTURES

#: Numbers of which a request may give one for each of its control images.
FOR_EACH = ("controlnet_conditioning_scale", "control_guidance_start", "control_guidance_end", "control_mode")

_STRICT = ConfigDict(strict=True, hide_input_in_errors=True, allow_inf_nan=False)


def check_each(kind: Any) -> Callable[[Any], Any]:
    """Returns a validator that takes one value of the kind, or a list of them; a list of one is that one."""
    one: TypeAdapter[Any] = TypeAdapter(kind, config=_STRICT)
    several: TypeAdapter[tuple[Any, ...]] = TypeAdapter(
        Annotated[tuple[kind, ...], Field(min_length=1, max_length=MOST_PICTURES)], config=_STRICT
    )

    def check(value: Any) -> Any:
        if not isinstance(value, list | tuple):
            return one.validate_python(value)
        values = several.validate_python(tuple(value))
        return values[0] if len(values) == 1 else values

    return check


_Scale = Annotated[float, Field(ge=0, le=10)]
#: Of one scale, as JSON schema.
CONTROL_SCALE = {"type": "number", "minimum": 0, "maximum": 10}
#: One for all control images, or one for each.
ControlScale = Annotated[
    float | tuple[float, ...],
    PlainValidator(check_each(_Scale), json_schema_input_type=_Scale | tuple[_Scale, ...]),
]


def list_each(values: Mapping[str, Any], name: str, default: float) -> list[float]:
    """The numbers of a parameter: one, or one for each control image."""
    value = values.get(name, default)
    return list(value) if isinstance(value, list | tuple) else [value]


def describe_each(one: Mapping[str, Any], most: int) -> dict[str, Any]:
    """A number, or a list with one for each control image, as JSON schema."""
    return (
        dict(one) if most == 1 else {"anyOf": [one, {"type": "array", "items": one, "minItems": 1, "maxItems": most}]}
    )
