"""The LoRAs of a request, measured against those that were made for its model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from core.catalog import LoraEntry
from core.errors import FieldError, ModelNotFetched
from core.jobs.request.parameters import ModelParameters
from core.jobs.request.render_request import LoraUse


def refuse_loras(loras: Sequence[LoraUse], parameters: ModelParameters) -> Iterator[FieldError]:
    """What is wrong with each: unknown, made for other models, not fetched yet, or named twice."""
    seen: set[str] = set()
    for place, lora in enumerate(loras):
        field = f"loras.{place}.id"
        if not parameters.loras:
            yield FieldError(field, f"{parameters.model_id} has no LoRAs", "not_for_model")
        elif lora.id not in parameters.loras:
            there = ", ".join(parameters.loras)
            message = f"{parameters.model_id} has no LoRA {lora.id!r}; it has {there}"
            yield FieldError(field, message, "not_found", {"enum": list(parameters.loras)})
        elif lora.id in parameters.unfetched_loras:
            yield FieldError(field, ModelNotFetched.of_lora(lora.id).message, "not_found")
        elif lora.id in seen:
            yield FieldError(field, f"{lora.id} is named twice", "conflict")
        seen.add(lora.id)


def settle_loras(loras: Sequence[LoraUse], parameters: ModelParameters) -> list[dict[str, Any]]:
    """Id and scale of each, as the job's row holds them."""
    return [
        {"id": lora.id, "scale": parameters.loras[lora.id].default_scale if lora.scale is None else lora.scale}
        for lora in loras
    ]


def describe_loras(parameters: ModelParameters) -> dict[str, Any]:
    """What the model's `loras` may hold, as JSON schema: each LoRA with its default scale and what it does."""
    available = {id_: lora for id_, lora in parameters.loras.items() if id_ not in parameters.unfetched_loras}
    if not available:
        return {"maxItems": 0}
    return {"items": {"oneOf": [_build_lora_schema(lora_id, lora) for lora_id, lora in available.items()]}}


def _build_lora_schema(lora_id: str, lora: LoraEntry) -> dict[str, Any]:
    use = "commercial use allowed" if lora.commercial_use else "no general commercial use"
    words = f"Trigger words: {lora.trigger_words}." if lora.trigger_words else ""
    licence = f"Licence: {lora.licence} ({use})."
    return {
        "type": "object",
        "title": lora_id,
        "description": " ".join(part for part in (lora.description, words, licence) if part),
        "properties": {
            "id": {"const": lora_id},
            "scale": {"type": "number", "minimum": -4, "maximum": 4, "default": lora.default_scale},
        },
        "required": ["id"],
        "additionalProperties": False,
    }
