"""A model that is ready to render."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

import torch
from diffusers import DiffusionPipeline

from core.catalog import ModelEntry
from worker.rendering.adapters import Adapters
from worker.rendering.batching import Batcher
from worker.rendering.models.extras.redux import REDUX
from worker.rendering.models.extras.refiner import list_refiners_own
from worker.rendering.modules.list_stages import list_stages


@dataclass(frozen=True)
class LoadedModel:
    """A pipeline on its device. It is never called itself: each job calls a copy with a scheduler of its own."""

    id: str
    entry: ModelEntry
    pipeline: DiffusionPipeline
    #: The pipeline that draws the last steps of its jobs, if it has one.
    refiner: Any
    device: torch.device
    dtype: torch.dtype
    #: sha256 of every weights file that was loaded, by its path in the model's folder.
    file_sha256: dict[str, str]
    #: The speed switches that are on and change pixels, for the receipt.
    switches: dict[str, Any]
    #: Runs the denoiser for several jobs at a time.
    batcher: Batcher
    #: Its LoRAs.
    adapters: Adapters
    #: FLUX.1 Redux, without text encoders; None if the model has none.
    redux: Any | None = None
    #: Held during a call of a pipeline that changes the model's own modules: such jobs run one after another.
    turn: threading.Lock = field(default_factory=threading.Lock)

    @property
    def modules(self) -> dict[str, torch.nn.Module]:
        """The components with weights, by name; the refiner's own as `refiner.unet`, those of Redux as `redux.image_encoder`."""
        redux = {} if self.redux is None else self.redux.components
        named = {**self.pipeline.components, **{f"{REDUX}.{name}": item for name, item in redux.items()}}
        modules = {name: item for name, item in named.items() if isinstance(item, torch.nn.Module)}
        return {**modules, **list_refiners_own(self.pipeline, self.refiner)}

    @property
    def reading_pipelines(self) -> list[Any]:
        """The pipeline and its stages: prompts are read by their tokenizers."""
        return [self.pipeline, *list_stages(self.pipeline)]

    def replace_component(self, name: str, module: torch.nn.Module) -> None:
        """Use an equal one that another model has loaded."""
        own = getattr(self.pipeline, name)
        for pipeline in (self.pipeline, self.refiner):
            if getattr(pipeline, name, None) is own:
                setattr(pipeline, name, module)
