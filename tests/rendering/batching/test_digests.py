"""Tensors are compared by value, and read once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch

from bench.tiny_families import FAMILIES
from tests.rendering.quick import few_quick
from worker.rendering.batching import Batcher, BatchJob
from worker.rendering.batching.call import read_call
from worker.rendering.batching.digests import Digests, copy_to_host
from worker.rendering.modules.list_denoisers import list_step_modules


class CountedCopies:
    """Copies as a GPU's tensors are copied, and counts how often that waits, and for how many tensors."""

    def __init__(self) -> None:
        self.tensors: list[int] = []

    def __call__(self, tensors: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        self.tensors.append(len(tensors))
        return copy_to_host(tensors)


def of_values(digests: Digests, tensor: torch.Tensor) -> str:
    """The digest, read if it was not known."""
    digests.of_values(tensor)
    digests.read_unread()
    return digests.of_values(tensor)


def of_equal_rows(digests: Digests, tensor: torch.Tensor) -> str:
    """The same for the rows."""
    digests.of_equal_rows(tensor)
    digests.read_unread()
    return digests.of_equal_rows(tensor)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int64, torch.bool, torch.float8_e4m3fn])
def test_equal_values_have_equal_digests(dtype: torch.dtype) -> None:
    """Two tensors of equal values, in any layout, have equal digests; one changed number makes another digest."""
    numbers = torch.tensor([[0, 1, 1], [1, 0, 1]]).to(dtype)
    other = torch.tensor([[0, 1, 1], [1, 0, 0]]).to(dtype)
    digests = Digests()

    assert of_values(digests, numbers) == of_values(Digests(), numbers.clone())
    assert of_values(digests, numbers) == of_values(digests, numbers.t().contiguous().t())
    assert of_values(digests, numbers) != of_values(digests, other)


def test_shape_and_type_count() -> None:
    """The same bytes in another shape or type have another digest."""
    digests, zeros = Digests(), torch.zeros(4, 2)

    assert of_values(digests, zeros) != of_values(digests, zeros.reshape(2, 4))
    assert of_values(digests, zeros) != of_values(digests, torch.zeros(4, 2, dtype=torch.int32))


def test_rows_that_are_equal_count_once() -> None:
    """Any number of equal rows has the digest of one; unequal rows have a digest of all."""
    digests, row = Digests(), torch.arange(6.0).reshape(1, 6)

    assert of_equal_rows(digests, row) == of_equal_rows(digests, row.expand(3, 6))
    assert of_equal_rows(digests, torch.cat([row, row + 1])) != of_equal_rows(digests, torch.cat([row, row + 2]))
    assert of_equal_rows(digests, torch.cat([row, row + 1])) != of_equal_rows(digests, row)


def test_a_tensor_is_not_mistaken_for_one_that_is_gone() -> None:
    """Hundreds of tensors, one after the other at the same address, have their own digests."""
    digests = Digests()
    found = [of_values(digests, torch.full((3,), float(number))) for number in range(300)]

    assert len(set(found)) == 300
    assert len(digests._known) <= 32


def arguments(**positions: torch.Tensor) -> dict[str, Any]:
    """A call of two rows."""
    return {
        "hidden_states": torch.rand(2, 16, 8),
        "timestep": torch.rand(2),
        "img_ids": torch.arange(48.0),
        **positions,
    }


def test_a_call_waits_for_the_device_once() -> None:
    """All new tensors of a call are read together, positions with rows too; and later calls with the same ones read nothing."""
    copies, job = CountedCopies(), BatchJob()
    job.digests = Digests(copies)
    positions = {"img_ids": torch.arange(48.0), "txt_ids": torch.arange(6.0).expand(2, 6), "scale": torch.ones(3)}

    calls = [read_call(job, "unet", torch.nn.Identity(), arguments(**positions)) for _ in range(5)]

    assert copies.tensors == [3]
    assert len({call.key for call in calls}) == 1
    other = read_call(BatchJob(), "unet", torch.nn.Identity(), arguments(**positions | {"scale": torch.zeros(3)}))
    assert other.key != calls[0].key


def test_many_tensors_of_one_call_are_all_compared() -> None:
    """A call with more tensors than are remembered compares every one of them, also when they are passed again."""
    copies, job = CountedCopies(), BatchJob()
    job.digests = Digests(copies)
    many = {f"scale_{number}": torch.full((3,), float(number)) for number in range(50)}
    first = read_call(job, "unet", torch.nn.Identity(), arguments(**many))
    other = read_call(BatchJob(), "unet", torch.nn.Identity(), arguments(**many | {"scale_0": torch.full((3,), 7.0)}))

    assert first.key != other.key
    assert read_call(BatchJob(), "unet", torch.nn.Identity(), arguments(**many)).key == first.key
    assert "" not in str(first.key).split("'")[1::2]


@pytest.mark.parametrize("family", few_quick(FAMILIES))
def test_no_family_waits_at_each_step(family: str) -> None:
    """A job of any family waits for its tensors in its first steps only: twice as many steps wait no more often."""
    tiny = FAMILIES[family]
    if tiny.control:
        pytest.skip("its denoiser is that of the family without a ControlNet")
    pipeline: Any = tiny.assemble()
    pipeline.set_progress_bar_config(disable=True)
    batcher = Batcher(list_step_modules(pipeline), name=family)
    width, height = tiny.sizes[0]
    waits = []
    for steps in (3, 6):
        copies, job = CountedCopies(), BatchJob()
        job.digests = Digests(copies)
        with torch.inference_mode(), batcher.job(job):
            pipeline(
                prompt="a red mug",
                width=width,
                height=height,
                num_inference_steps=steps,
                **{tiny.guidance: 3.0, **tiny.call},
                output_type="latent",
                generator=torch.Generator().manual_seed(1),
            )
        assert len(job.batch_rows) >= steps
        waits.append(len(copies.tensors))
    batcher.close()

    assert waits[0] == waits[1]
    assert waits[0] <= 2


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpus_later_calls_do_not_wait() -> None:
    """On a GPU the calls after the first one are read without any synchronisation that torch knows."""
    job = BatchJob()
    call = {name: value.cuda() for name, value in arguments(txt_ids=torch.arange(6.0)).items()}
    first = read_call(job, "unet", torch.nn.Identity(), call)
    torch.cuda.set_sync_debug_mode("error")
    try:
        later = read_call(
            job, "unet", torch.nn.Identity(), call | {"hidden_states": torch.rand(2, 16, 8, device="cuda")}
        )
    finally:
        torch.cuda.set_sync_debug_mode("default")

    assert later.key == first.key
