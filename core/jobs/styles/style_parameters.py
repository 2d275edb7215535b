"""The parameters that a style may set, checked as those of a request are."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetPydanticSchema, WithJsonSchema
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_after_validator_function, plain_serializer_function_ser_schema

from core.jobs.request.job_options import JobOptions
from core.jobs.request.picture_fields import IMAGE_FIELDS
from core.jobs.request.render_request import RenderRequest

#: Ways to say the size: a request that says it in one of them, or has a picture that it follows, keeps its own.
SIZES = frozenset({"width", "height", "size", "aspect_ratio"})

#: What a request says for itself: its words and pictures, which image it is, and how its job is treated.
_OF_THE_REQUEST = frozenset(
    {
        *("model", "task", "style", "prompt", "prompt_2", "prompt_3", "negative_prompt"),
        *("seed", "num_images", "deterministic", "output_format", "output_quality"),
        *("expand", "mask_mode", "mask_feather", "controlnets", *IMAGE_FIELDS, *JobOptions.model_fields),
    }
)

_MOST = 16
_LONGEST_TEXT = 200


def _keep_given(request: RenderRequest) -> dict[str, Any]:
    """What was given, by our names, as JSON. Raises ValueError."""
    given = request.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    if len(given) > _MOST:
        raise ValueError(f"holds more than {_MOST} parameters")
    if refused := sorted(given.keys() & _OF_THE_REQUEST):
        raise ValueError(f"{refused[0]} cannot be set by a style: a request says it")
    if given.keys() & SIZES not in ({"width", "height"}, {"width"}, {"height"}, {"size"}, {"aspect_ratio"}, set()):
        raise ValueError("says the size in two ways: name width and height, size, or aspect_ratio")
    for name in request.extra:
        if name in given and (not isinstance(given[name], bool | int | float | str) or _is_long(given[name])):
            raise ValueError(f"{name[:_LONGEST_TEXT]} must be a number, a switch or a text of {_LONGEST_TEXT} at most")
    return given


def _is_long(value: object) -> bool:
    return isinstance(value, str) and len(value) > _LONGEST_TEXT


def _build_schema(_: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
    return no_info_after_validator_function(
        _keep_given,
        handler.generate_schema(RenderRequest),
        serialization=plain_serializer_function_ser_schema(lambda given: given),
    )


#: By name, JSON values. Errors are those of the fields of a request.
StyleParameters = Annotated[
    dict[str, Any],
    GetPydanticSchema(_build_schema),
    WithJsonSchema({"type": "object", "maxProperties": _MOST, "additionalProperties": True}),
]
