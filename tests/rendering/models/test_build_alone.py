"""Models are built beside renders and beside each other, and neither affects the other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from diffusers import DiffusionPipeline

from bench.tiny_families import FAMILIES
from tests.rendering.models.conftest import BuildCatalog
from tests.rendering.models.drawing import draw
from tests.rendering.quick import few_quick
from worker.rendering.models import Models
from worker.rendering.modules.build_alone import building_modules


def describe(pipeline: DiffusionPipeline) -> dict[str, tuple[torch.dtype, float]]:
    """The dtype and the sum of every tensor."""
    modules = {name: item for name, item in pipeline.components.items() if isinstance(item, torch.nn.Module)}
    tensors = {
        f"{name}.{key}": tensor
        for name, module in modules.items()
        for key, tensor in (*module.named_parameters(), *module.named_buffers())
    }
    return {name: (tensor.dtype, float(tensor.detach().double().sum())) for name, tensor in tensors.items()}


@pytest.mark.parametrize("family", few_quick(FAMILIES))
def test_a_model_is_built_as_ever(family: str, tiny_folders: Callable[[str], Path]) -> None:
    """Every tensor has the dtype and the values that it has without protection from other threads."""
    folder = tiny_folders(family)
    usual = describe(DiffusionPipeline.from_pretrained(folder, dtype=torch.bfloat16))

    with building_modules():
        built = DiffusionPipeline.from_pretrained(folder, dtype=torch.bfloat16)

    assert describe(built) == usual
    assert torch.get_default_dtype() == torch.float32


def test_other_threads_keep_their_default_dtype() -> None:
    """While one thread builds in half precision, another makes float32 tensors; afterwards both make float32 tensors."""
    builds, looked = threading.Event(), threading.Event()

    def look() -> list[torch.dtype]:
        assert builds.wait(10)
        dtypes = [torch.get_default_dtype(), torch.tensor(0.1).dtype, torch.ones(2).dtype, (torch.arange(3) / 3).dtype]
        looked.set()
        return dtypes

    with ThreadPoolExecutor(1) as pool:
        seen = pool.submit(look)
        with building_modules():
            torch.set_default_dtype(torch.bfloat16)
            assert (torch.get_default_dtype(), torch.zeros(2).dtype) == (torch.bfloat16, torch.bfloat16)
            assert torch.zeros(2, dtype=torch.float64).dtype == torch.float64
            builds.set()
            assert looked.wait(10)
    assert set(seen.result()) == {torch.float32}
    assert (torch.get_default_dtype(), torch.zeros(2).dtype) == (torch.float32, torch.float32)


def test_models_may_be_loaded_at_once(copy_model: Callable[..., Path], build_catalog: BuildCatalog) -> None:
    """Six jobs that each need another model at the same moment all get a complete one."""
    names = [f"model-{number}" for number in range(6)]
    models = Models(build_catalog({name: copy_model(name) for name in names}), device="cpu")

    with ThreadPoolExecutor(6) as pool:
        loaded = list(pool.map(models.load, names))

    pictures = [draw(model) for model in loaded]
    assert all((picture == pictures[0]).all() for picture in pictures)
    models.close()
