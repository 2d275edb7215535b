"""The fields of a request that hold pictures, and by how much a picture is continued beyond its edges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    TypeAdapter,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from core.pictures.picture_text import PictureText

#: In the order in which a job shows them.
IMAGE_FIELDS = ("image", "mask_image", "control_image", "ip_adapter_image")

#: Pictures of one field, whatever the model takes.
MOST_PICTURES = 16


def _keep_picture(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    return value if isinstance(value, PictureText) else check(value)


#: A picture's megabytes are checked once, where they are decoded.
ImageReference = Annotated[str, Field(min_length=1), WrapValidator(_keep_picture)]
_Several = Annotated[tuple[ImageReference, ...], Field(min_length=1, max_length=MOST_PICTURES)]

_STRICT = ConfigDict(strict=True, hide_input_in_errors=True)
_ONE: TypeAdapter[str] = TypeAdapter(ImageReference, config=_STRICT)
_SEVERAL: TypeAdapter[tuple[str, ...]] = TypeAdapter(_Several, config=_STRICT)


def _check_pictures(value: Any) -> str | tuple[str, ...]:
    """One picture, or several; a list of one is that one. Their errors have the place in the list in their names."""
    if not isinstance(value, list | tuple):
        return _ONE.validate_python(value)
    pictures = _SEVERAL.validate_python(tuple(value))
    return pictures[0] if len(pictures) == 1 else pictures


#: One picture, or several in a field that takes several.
Pictures = Annotated[
    str | tuple[str, ...], PlainValidator(_check_pictures, json_schema_input_type=ImageReference | _Several)
]

_Pixels = Annotated[int, Field(ge=0, le=16_384)]


class Expand(BaseModel):
    """How many pixels a picture is continued by at each of its edges. At least one of them is above 0."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    left: _Pixels = 0
    top: _Pixels = 0
    right: _Pixels = 0
    bottom: _Pixels = 0

    @model_validator(mode="after")
    def _is_a_continuation(self) -> Self:
        if not any((self.left, self.top, self.right, self.bottom)):
            raise ValueError("needs a number above 0 at one edge or more")
        return self


def list_places(field: str, value: Any) -> dict[str, Any]:
    """The pictures of a field by their places: `image` if it is one, `image.0`, `image.1` and so on if it is a list."""
    if value is None:
        return {}
    if isinstance(value, list | tuple):
        return {f"{field}.{number}": picture for number, picture in enumerate(value)}
    return {field: value}


def list_all_places(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The pictures of all fields by their places."""
    return {
        place: picture for field in IMAGE_FIELDS for place, picture in list_places(field, parameters.get(field)).items()
    }


def find_field_of(place: str) -> str:
    """The field that a picture's place is in."""
    return place.partition(".")[0]
