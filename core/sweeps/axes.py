"""The axes of a sweep, and the cells of their product in order. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import Any, Self

#: The axes that have fields of their own, and what each sets in a cell's request, the slowest first.
_OWN = {"prompts": "prompt", "styles": "style", "seeds": "seed"}


@dataclass(frozen=True)
class Axes:
    """The values of each axis; an empty one is none."""

    prompts: list[str] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)
    seeds: list[int] = field(default_factory=list)
    parameters: Mapping[str, list[Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """The axes as a row holds them."""
        return cls(**stored)

    def describe(self) -> dict[str, Any]:
        """JSON-ready, as rows and answers hold them."""
        return {**{name: list(getattr(self, name)) for name in _OWN}, "parameters": dict(self.parameters)}

    @property
    def cells(self) -> int:
        """How many cells the product has."""
        return prod(len(values) for values in self.list_values().values())

    def list_values(self) -> dict[str, list[Any]]:
        """By the field of a render request that an axis sets, its values: prompts, styles, parameters as they were given, and
        seeds last.
        """
        own = {sets: list(getattr(self, name)) for name, sets in _OWN.items()}
        seeds = own.pop("seed")
        values = {**own, **{name: list(given) for name, given in self.parameters.items()}, "seed": seeds}
        return {name: given for name, given in values.items() if given}

    def list_cells(self) -> Iterator[dict[str, Any]]:
        """The values of each cell, in the order of `list_values`: the last axis, the seeds, changes fastest."""
        values = self.list_values()
        for cell in product(*values.values()):
            yield dict(zip(values, cell, strict=True))

    def name_value(self, name: str, value: Any) -> str:
        """Where the sender gave a value of the axis that sets `name`: `parameters.guidance_scale[2]`, `styles[1]`."""
        place = next((own for own, sets in _OWN.items() if sets == name), f"parameters.{name}")
        return f"{place}[{self.list_values()[name].index(value)}]"

    def name_longest(self) -> str:
        """The axis with the most values, as the sender calls it."""
        lengths = {name: len(given) for name, given in self.list_values().items()} or {"prompt": 0}
        longest = max(lengths, key=lambda name: lengths[name])
        return next((own for own, sets in _OWN.items() if sets == longest), f"parameters.{longest}")

    def extend(self, more: Axes) -> Axes:
        """These axes with further values behind their own, each once."""
        parameters = {name: list(values) for name, values in self.parameters.items()}
        for name, values in more.parameters.items():
            parameters[name] = _join(parameters.get(name, []), values)
        return Axes(
            prompts=_join(self.prompts, more.prompts),
            styles=_join(self.styles, more.styles),
            seeds=_join(self.seeds, more.seeds),
            parameters=parameters,
        )


def _join(values: list[Any], more: list[Any]) -> list[Any]:
    return [*values, *(value for value in more if value not in values)]
