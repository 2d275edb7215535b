"""Read and check `models.toml`: what each model is, what it can do, and how large it may draw."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.errors import InvalidCatalog
from core.settings import get_settings

Task = Literal["text-to-image", "image-to-image", "inpainting"]
ModelId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
PixelSide = Annotated[int, Field(ge=8, le=16_384, multiple_of=8)]


class ModelEntry(BaseModel):
    """One `[models.<id>]` section. Sides are in pixels, multiples of 8."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: A folder in diffusers' layout, relative to the models file.
    source: str
    #: Names the exact weights; stored with every job, so that it can be rendered again.
    revision: str
    description: str = ""
    #: SPDX id of the licence of the weights.
    licence: str
    commercial_use: bool
    tasks: tuple[Task, ...] = ("text-to-image",)
    #: The pool of workers that serves this model.
    pool: str = Field(default="default", pattern=r"^[a-z0-9-]{1,40}$")

    default_width: PixelSide
    default_height: PixelSide
    max_width: PixelSide
    max_height: PixelSide
    default_steps: int = Field(ge=1)
    max_steps: int = Field(ge=1, le=1000)
    default_guidance_scale: float = Field(ge=0, le=100)
    schedulers: tuple[str, ...] = Field(min_length=1)
    default_scheduler: str
    max_images: int = Field(default=4, ge=1, le=64)

    @model_validator(mode="after")
    def _defaults_lie_within_the_limits(self) -> Self:
        if self.default_width > self.max_width or self.default_height > self.max_height:
            raise ValueError("the default size is larger than the largest size")
        if self.default_steps > self.max_steps:
            raise ValueError("default_steps is more than max_steps")
        if self.default_scheduler not in self.schedulers:
            raise ValueError("default_scheduler is not one of schedulers")
        return self


class Catalog(BaseModel):
    """All models by id, and the folder that their relative sources start from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    models: dict[ModelId, ModelEntry] = Field(min_length=1)
    folder: Path

    def find(self, model_id: str) -> ModelEntry | None:
        return self.models.get(model_id)

    def source_path(self, model_id: str) -> Path:
        """The model's folder on this machine."""
        return self.folder / self.models[model_id].source


def load_catalog(path: Path) -> Catalog:
    """Read a models file. Raises InvalidCatalog with the file, the field and the reason."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return Catalog(**content, folder=path.resolve().parent)
    except OSError as error:
        raise InvalidCatalog(f"{path}: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise InvalidCatalog(f"{path}: {error}") from error
    except ValidationError as error:
        reasons = "; ".join(f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors())
        raise InvalidCatalog(f"{path}: {reasons}") from error


@cache
def get_catalog() -> Catalog:
    """The catalog of this process, read on first use. Raises InvalidCatalog, also where the default model is missing."""
    settings = get_settings()
    catalog = load_catalog(settings.models_file)
    if catalog.find(settings.default_model) is None:
        raise InvalidCatalog(f"{settings.models_file}: DEFAULT_MODEL is {settings.default_model!r}, which it lacks")
    return catalog
