"""Which dtype a model is computed in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from tests.rendering.models.conftest import BuildCatalog
from worker.rendering.models.choose_dtype import choose_dtype, has_bfloat16
from worker.rendering.models.digests import FileDigests
from worker.rendering.models.plan_load import ModelFiles, plan_load

#: Devices that compute in bfloat16, in torch's words.
GPU, CPU = torch.device("cuda", 1), torch.device("cpu")


@pytest.fixture
def on_gpu(monkeypatch: pytest.MonkeyPatch) -> Callable[[tuple[int, int]], None]:
    """Pretends that the GPUs of the machine have a compute capability."""

    def pretend(capability: tuple[int, int]) -> None:
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability if device == GPU else (0, 0))

    return pretend


def store(folder: Path, name: str, *dtypes: torch.dtype) -> tuple[Path, ...]:
    """A component in as many files, with a large tensor of the dtype in each, and small ones of others."""
    files = []
    for number, dtype in enumerate(dtypes):
        files.append(folder / f"{name}-{number}.safetensors")
        tensors = {
            "weight": torch.zeros(64, 64, dtype=dtype),
            "norm": torch.zeros(64, dtype=torch.float32),
            "ids": torch.zeros(9000, dtype=torch.int64),
        }
        save_file(tensors, files[-1], metadata={"format": "pt"})
    return tuple(files)


@pytest.mark.parametrize(
    ("stored", "chosen"),
    [
        ([torch.bfloat16], torch.bfloat16),
        ([torch.float16], torch.float16),
        ([torch.float32], torch.float16),
        # As Z-Image is stored: a transformer in float32, a text encoder in bfloat16.
        ([torch.float32, torch.bfloat16], torch.bfloat16),
        ([torch.float16, torch.float32], torch.float16),
        ([], torch.float16),
    ],
)
def test_auto_follows_the_weights(
    tmp_path: Path, on_gpu: Callable[[tuple[int, int]], None], stored: list[torch.dtype], chosen: torch.dtype
) -> None:
    """On a GPU that has bfloat16, a model of which a component is stored in it is computed in it, any other in float16."""
    on_gpu((9, 0))
    components = [store(tmp_path, f"part{number}", dtype) for number, dtype in enumerate(stored)]

    assert choose_dtype("auto", GPU, components) == chosen
    assert choose_dtype("auto", CPU, components) == torch.float32


def test_most_of_a_components_numbers_count(tmp_path: Path, on_gpu: Callable[[tuple[int, int]], None]) -> None:
    """A component in several files, with a few numbers in another dtype, is stored in that of most of its numbers."""
    on_gpu((8, 0))
    mostly = store(tmp_path, "mostly", torch.bfloat16, torch.float32, torch.bfloat16)
    hardly = store(tmp_path, "hardly", torch.float16, torch.float16, torch.bfloat16)

    assert choose_dtype("auto", GPU, [mostly]) == torch.bfloat16
    assert choose_dtype("auto", GPU, [hardly]) == torch.float16


@pytest.mark.parametrize(("capability", "has"), [((7, 5), False), ((8, 0), True), ((8, 9), True), ((12, 0), True)])
def test_a_gpu_without_bfloat16_stays_with_float16(
    tmp_path: Path, on_gpu: Callable[[tuple[int, int]], None], capability: tuple[int, int], has: bool
) -> None:
    """A card from before Ampere would only emulate it."""
    on_gpu(capability)

    assert has_bfloat16(GPU) is has
    chosen = choose_dtype("auto", GPU, [store(tmp_path, "part", torch.bfloat16)])
    assert chosen == (torch.bfloat16 if has else torch.float16)


@pytest.mark.parametrize(
    ("wanted", "on_cpu", "elsewhere"),
    [
        ("float32", torch.float32, torch.float32),
        ("float16", torch.float32, torch.float16),
        ("bfloat16", torch.bfloat16, torch.bfloat16),
    ],
)
def test_what_the_entry_names_is_taken(
    tmp_path: Path, wanted: str, on_cpu: torch.dtype, elsewhere: torch.dtype
) -> None:
    """Whatever the weights are stored in; but never float16 on a CPU."""
    components = [store(tmp_path, "part", torch.bfloat16)]

    assert choose_dtype(wanted, CPU, components) == on_cpu
    assert choose_dtype(wanted, GPU, components) == elsewhere


def test_the_variant_that_is_loaded_decides(
    copy_model: Callable[..., Path], build_catalog: BuildCatalog, on_gpu: Callable[[tuple[int, int]], None]
) -> None:
    """The files of the plan are read, not others of the folder: ordinary weights go before a variant of them."""
    on_gpu((9, 0))
    folder = copy_model("model")
    entry = build_catalog({"model": folder}).models["model"]

    def dtype() -> torch.dtype:
        files = ModelFiles("model", entry, folder, None, GPU)
        return plan_load(files, FileDigests()).files.dtype

    assert dtype() == torch.float16
    [unet] = store(folder / "unet", "diffusion_pytorch_model.bf16", torch.bfloat16)
    unet.rename(folder / "unet/diffusion_pytorch_model.bf16.safetensors")
    assert dtype() == torch.float16
    (folder / "unet/diffusion_pytorch_model.safetensors").unlink()
    assert dtype() == torch.bfloat16
