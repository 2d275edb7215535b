"""What a section of the models file may name beside its `source`: further weights that are loaded with it, each by a key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag

from core.catalog.sources import ComponentSource, WeightsFile

_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]

#: diffusers calls the further vectors of `<cat>` by these names.
_FURTHER_VECTOR = re.compile(r"_\d+$")


def _is_apart(tokens: Mapping[str, Any]) -> Mapping[str, Any]:
    """diffusers replaces the token's letters wherever they stand in a prompt."""
    for token in tokens:
        if _FURTHER_VECTOR.search(token):
            raise ValueError(f"{token}: ends like the further vectors of a token, _1 and so on")
        if holder := next((other for other in tokens if token != other and token in other), None):
            raise ValueError(f"{token}: is a part of {holder}, and would be found in it")
    return tokens


_Token = Annotated[str, Field(pattern=r"^[!-~]{2,60}$")]


def _count_controlnets(value: Any) -> str:
    is_source = not isinstance(value, dict) or not {"folder", "hub"}.isdisjoint(value)
    return "one" if is_source else "several"


#: One ControlNet, or several by name, of which a request uses as many as it likes.
ControlNets = Annotated[
    Annotated[ComponentSource, Tag("one")]
    | Annotated[dict[_Name, ComponentSource], Field(min_length=1), Tag("several")],
    Discriminator(_count_controlnets),
]

#: By the word in a prompt that stands for it.
TextualInversions = Annotated[dict[_Token, WeightsFile], AfterValidator(_is_apart)]


class IpAdapter(BaseModel):
    """The weights of an IP-Adapter, and the encoder of the pictures that it looks at."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: WeightsFile
    image_encoder: ComponentSource


#: Keys that name further weights, in the order in which they are loaded.
EXTRA_KEYS = ("prior", "controlnet", "vae", "ip_adapter", "textual_inversions", "refiner", "redux")


def name_extras(values: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """The sources in the keys' values, by names such as `vae`, `controlnet.canny` and `ip_adapter.image_encoder`."""
    extras: dict[str, Any] = {}
    for key, value in values:
        if isinstance(value, IpAdapter):
            extras |= {key: value.file, f"{key}.image_encoder": value.image_encoder}
        elif isinstance(value, Mapping):
            extras |= {f"{key}.{name}": source for name, source in value.items()}
        elif value is not None:
            extras[key] = value
    return extras
