"""One `[loras.<id>]` section of the models file, checked."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from core.catalog.entry import ModelEntry, ModelId
from core.catalog.sources import HubFileSource, WeightsFile

#: How strongly a LoRA may work; 1 is what it was trained for.
LoraScale = Annotated[float, Field(ge=-4, le=4, allow_inf_nan=False)]

#: The names under which peft saves an adapter's weights, and how strongly they work. The second counts only beside the first.
ADAPTER_WEIGHTS = "adapter_model.safetensors"
ADAPTER_CONFIG = "adapter_config.json"

#: Switches that do not go with LoRAs, and the value that leaves each of them off. What quantises, casts or moves
#: weights would have to do the same with a LoRA's, and what is compiled would be compiled anew for each set of LoRAs.
_SWITCHES: dict[str, Any] = {"quantisation": "none", "compile": "off", "offload": "none", "layerwise_casting": False}


class LoraEntry(BaseModel):
    """What a LoRA is, and which models it was made for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: A file's path, or a table with `hub`, `file` and perhaps `revision`.
    source: WeightsFile
    models: tuple[ModelId, ...] = Field(min_length=1)
    description: str = ""
    #: Words in the prompt that trigger it.
    trigger_words: str = Field(default="", max_length=500)
    default_scale: LoraScale = 1.0
    #: SPDX id of the licence of the weights, or `LicenseRef-` and a name where SPDX has none.
    licence: str = Field(min_length=1)
    licence_url: str | None = Field(default=None, pattern=r"^https://")
    commercial_use: bool
    #: What the licence asks beyond yes and no, in a sentence.
    licence_note: str = ""

    @property
    def sources(self) -> dict[str, HubFileSource]:
        """Its source by what it is for, if it comes from the hub."""
        return {"source": self.source} if isinstance(self.source, HubFileSource) else {}


def check_lora(lora: LoraEntry, models: dict[str, ModelEntry]) -> None:
    """Raises ValueError, whose message begins with the field, if a model of the LoRA is missing or does not go with
    LoRAs.
    """
    for model_id in lora.models:
        if model_id not in models:
            raise ValueError(f"models: there is no model {model_id!r}")
        for switch, off in _SWITCHES.items():
            value = getattr(models[model_id], switch)
            if value != off:
                setting = str(value).lower() if isinstance(value, bool) else f'"{value}"'
                raise ValueError(f"models: {model_id} has {switch} = {setting}, which does not go with LoRAs")
