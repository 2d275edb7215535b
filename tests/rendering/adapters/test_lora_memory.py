"""A LoRA's weights count in the memory of models."""

from __future__ import annotations

import threading

import pytest
from safetensors.torch import load_file

from tests.rendering.adapters.tiny_loras import ModelFolder, Render, request
from worker.rendering.models import Models
from worker.rendering.models.budget import FixedBudget


@pytest.fixture
def two_models(model_folder: ModelFolder) -> Models:
    """Two models, one of which has two LoRAs."""
    return model_folder.open({"sd15-one": ["sd15"], "sd15-two": ["sd15"]})


def weigh_file(model_folder: ModelFolder, name: str) -> int:
    tensors = load_file(model_folder.path / f"{name}.safetensors").values()
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def test_a_lora_counts(two_models: Models, model_folder: ModelFolder) -> None:
    """Each LoRA adds the bytes of its weights once, however many jobs use it, and none after it was unloaded."""
    model = two_models.load("sd15")
    accounts = two_models._accounts
    alone = accounts.used_bytes
    one, two = (weigh_file(model_folder, name) for name in ("sd15-one", "sd15-two"))

    for _ in range(2):
        Render(two_models, "sd15", request("sd15", [("sd15-one", 1.0)]))
    assert accounts.used_bytes == alone + one
    Render(two_models, "sd15", request("sd15", [("sd15-one", 0.5), ("sd15-two", 0.5)]))
    assert accounts.used_bytes == alone + one + two

    model.adapters.unload_all()
    assert accounts.used_bytes == alone
    two_models.close()


def test_a_lora_that_makes_room_leaves_the_accounts(two_models: Models, model_folder: ModelFolder) -> None:
    """A LoRA that another one replaces no longer counts."""
    model = two_models.load("sd15")
    model.adapters._most_kept = 1
    alone = two_models._accounts.used_bytes

    for name in ("sd15-one", "sd15-two"):
        Render(two_models, "sd15", request("sd15", [(name, 1.0)]))

    assert two_models._accounts.used_bytes == alone + weigh_file(model_folder, "sd15-two")
    two_models.close()


def test_loras_evict_idle_models(two_models: Models) -> None:
    """If LoRAs take the memory of an idle model, it is evicted, and the model that has the LoRAs stays."""
    for name in ("flux-dev", "sd15"):
        two_models.load(name)
    accounts = two_models._accounts
    accounts._budget = FixedBudget(accounts.used_bytes)
    with two_models.use("sd15"):
        assert two_models.resident_ids() == {"sd15", "flux-dev"}

    Render(two_models, "sd15", request("sd15", [("sd15-one", 1.0)]))

    with two_models.use("sd15"):
        pass
    assert two_models.resident_ids() == {"sd15"}
    for thread in threading.enumerate():
        if thread.name == "evict-surplus":
            thread.join(30)
    assert accounts.used_bytes <= accounts.budget_bytes
    two_models.close()
