"""What a worker meets, and what the operator got wrong."""

from __future__ import annotations

from core.errors.base import DarkroomError


class LeaseLost(DarkroomError):
    """The attempt no longer holds its job: whatever it still writes touches no row."""

    code = "lease_lost"


class ModelNotFetched(DarkroomError):
    """The model's files have not been fetched."""

    code = "model_not_fetched"

    @classmethod
    def of(cls, model_id: str) -> ModelNotFetched:
        return cls(f"The model {model_id!r} has not been fetched: run `darkroom-models fetch {model_id}`.")

    @classmethod
    def of_lora(cls, lora_id: str) -> ModelNotFetched:
        return cls(f"The LoRA {lora_id!r} has not been fetched: run `darkroom-models fetch {lora_id}`.")


class InvalidCatalog(DarkroomError):
    """The models file is not valid."""

    code = "invalid_catalog"


class InvalidStyles(DarkroomError):
    """The styles file is not valid."""

    code = "invalid_styles"
