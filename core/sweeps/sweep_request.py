"""What a client may ask for: the bodies of `POST /v1/sweeps` and of its append. check_cells.py checks what follows from them."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from core.errors import FieldError, InvalidRequest
from core.jobs.request.job_options import MetadataKey, MetadataValue
from core.jobs.request.render_request import MAX_SEED, Prompt
from core.plain_text import plain_text
from core.sweeps.axes import Axes

#: Values of one axis, whatever the deployment's limit on cells is.
_MOST_VALUES = 500
_MOST_PARAMETERS = 8

#: A random seed is short enough to be read aloud.
_RANDOM_SEED_BITS = 32


_Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
Prompts = Annotated[list[Prompt], Field(max_length=_MOST_VALUES)]
Styles = Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=_MOST_VALUES)]
Seeds = Annotated[list[_Seed], Field(max_length=_MOST_VALUES)] | Annotated[int, Field(ge=1, le=_MOST_VALUES)]
Parameters = Annotated[
    dict[
        Annotated[str, Field(min_length=1, max_length=64)],
        Annotated[list[Any], Field(min_length=1, max_length=_MOST_VALUES)],
    ],
    Field(max_length=_MOST_PARAMETERS),
]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True, allow_inf_nan=False)


class SweepWebhook(_Body):
    """Where the end of the sweep is sent, beside the account's webhook endpoints."""

    url: str = Field(min_length=1, max_length=2_048, examples=["https://example.com/hooks/darkroom"])


class SweepValues(_Body):
    """Values of axes. The sweep is the product of all axes."""

    prompts: Prompts = Field(default=[], description="Prompts. Left out: the one of `base`.")
    styles: Styles = Field(
        default=[], description="Names of styles, each as `style` of a job. Left out: the one of `base`."
    )
    seeds: Seeds = Field(
        default=[],
        description="Seeds, or a number of random ones. Left out: all cells are drawn from the seed of `base`, or from one that is "
        "drawn for the sweep.",
        examples=[[7, 8]],
    )
    parameters: Parameters = Field(
        default={},
        description="By name, values of any other parameter of a job, such as `guidance_scale`, `num_inference_steps`, "
        "`scheduler` or `model`.",
        examples=[{"guidance_scale": [2.0, 4.0]}],
    )

    def read_axes(self) -> Axes:
        """The axes that the body names, with random seeds for a number of them. Raises InvalidRequest for a value that stands twice
        in one.
        """
        drawn = self.seeds if isinstance(self.seeds, list) else draw_seeds(self.seeds)
        axes = Axes(self.prompts, self.styles, drawn, self.parameters)
        given: dict[str, list[Any]] = {
            "prompts": self.prompts,
            "styles": self.styles,
            "seeds": drawn,
            **{f"parameters.{name}": values for name, values in self.parameters.items()},
        }
        errors = [
            FieldError(f"{place}[{number}]", f"is the same as {place}[{values.index(value)}]", "conflict")
            for place, values in given.items()
            for number, value in enumerate(values)
            if values.index(value) != number
        ]
        if errors:
            raise InvalidRequest(errors)
        return axes


def draw_seeds(count: int) -> list[int]:
    """Random seeds, each another one."""
    seeds: dict[int, None] = {}
    while len(seeds) < count:
        seeds[secrets.randbits(_RANDOM_SEED_BITS)] = None
    return [*seeds]


class SweepRequest(SweepValues):
    """A sweep: one job for each cell of the product of its axes."""

    base: dict[str, Any] = Field(
        default={},
        description="A render request, as `POST /v1/jobs` takes it: what all cells have in common. Pictures are named by the id of a "
        "file or an artifact, or by address.",
        examples=[{"num_inference_steps": 8}],
    )
    name: Annotated[str, plain_text(at_most=200)] = Field(
        default="",
        max_length=200,
        description="For people: the title of the contact sheet.",
        examples=["Mugs, four ways"],
    )
    metadata: dict[MetadataKey, MetadataValue] = Field(
        default={}, max_length=32, description="Your own labels of the sweep. Those of its jobs are `base.metadata`."
    )
    webhook: SweepWebhook | None = Field(
        default=None, description="Called once, with `sweep.finished`, when all jobs have ended and the sheet is drawn."
    )
    draft: bool = Field(
        default=False,
        description="True: everything is checked and kept, and nothing is queued until the sweep is finalised.",
    )
