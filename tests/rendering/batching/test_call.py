"""A call before it is parked: its rows, its timestep, and its shape."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from worker.rendering.batching import BatchJob
from worker.rendering.batching.admission import Admission
from worker.rendering.batching.call import DenoiserCall, read_call
from worker.rendering.batching.forward import run_forward


def read(**arguments: Any) -> DenoiserCall:
    return read_call(BatchJob(), "unet", torch.nn.Identity(), arguments)


@pytest.mark.parametrize("timestep", [torch.tensor(7), torch.tensor([7]), torch.tensor([7, 7, 7]), torch.tensor(7.0)])
def test_every_row_gets_its_timestep(timestep: torch.Tensor) -> None:
    """However a pipeline passes the timestep, there is one for each row, in float32."""
    settled = read(sample=torch.zeros(3, 4), timestep=timestep).arguments["timestep"]

    assert settled.dtype == torch.float32
    assert settled.tolist() == [7.0, 7.0, 7.0]


def test_a_timestep_keeps_its_precision() -> None:
    """A floating-point timestep keeps its type: in a half-precision model the embedding has it too."""
    settled = read(sample=torch.zeros(2, 4), timestep=torch.tensor(0.5, dtype=torch.bfloat16)).arguments["timestep"]

    assert settled.dtype == torch.bfloat16
    assert settled.tolist() == [0.5, 0.5]


def test_the_halves_of_guidance_have_a_timestep_each() -> None:
    """PRX passes two, however many images a job has: without guidance and with it."""
    settled = read(sample=torch.zeros(6, 4), timestep=torch.tensor([0.5, 0.25])).arguments["timestep"]

    assert settled.tolist() == [0.5] * 3 + [0.25] * 3


def test_a_plain_number_stays() -> None:
    """A timestep that is no tensor is compared as it is."""
    assert read(sample=torch.zeros(2, 4), timestep=7).arguments["timestep"] == 7


def test_the_pipelines_own_arguments_stay() -> None:
    """The pipeline's own dict of arguments is not changed."""
    arguments = {"sample": torch.zeros(2, 4), "timestep": torch.tensor(7)}

    read_call(BatchJob(), "unet", torch.nn.Identity(), arguments)

    assert arguments["timestep"].dim() == 0


def test_cost_goes_by_size_and_not_by_value() -> None:
    """Calls with other rows and texts have one shape; another size, type or module makes another shape."""
    shape = read(sample=torch.zeros(2, 4, 8, 8)).shape

    assert read(sample=torch.ones(5, 4, 8, 8), text=torch.zeros(5, 7)).shape == shape
    assert read(sample=torch.zeros(2, 4, 8, 16)).shape != shape
    assert read(sample=torch.zeros(2, 4, 8, 8).double()).shape != shape
    assert read_call(BatchJob(), "controlnet", torch.nn.Identity(), {"sample": torch.zeros(2, 4, 8, 8)}).shape != shape


def test_the_largest_of_listed_pictures_gives_the_cost() -> None:
    """The shape of a list of pictures is that of the largest, because models pad the others to it."""
    small, large = torch.zeros(4, 1, 8, 8), torch.zeros(4, 1, 16, 8)

    assert read(x=[small, large]).shape == read(x=[large]).shape
    assert read(x=[small]).shape != read(x=[large]).shape


def test_lists_of_other_things_may_come_first() -> None:
    """The shape is that of the first tensors, whatever comes before them."""
    assert read(scales=[0.5, 1.0], sample=torch.zeros(2, 4)).shape == read(sample=torch.zeros(2, 4)).shape
    assert read(sizes=[[(1, 4)]], x=[torch.zeros(4, 8)]).shape == read(x=[torch.zeros(4, 8)]).shape


def test_an_answer_is_waited_for() -> None:
    """`wait` returns the output, or raises the error."""
    call, failed = read(sample=torch.zeros(2, 4)), read(sample=torch.zeros(2, 4))
    call.succeed("rows")
    failed.fail(ArithmeticError("no"))
    for each in (call, failed):
        each.answer()

    assert call.wait() == "rows"
    with pytest.raises(ArithmeticError, match="no"):
        failed.wait()


@pytest.mark.parametrize("kind", [torch.int64, torch.int32, torch.uint8])
def test_a_picture_of_tokens_keeps_its_timestep(kind: torch.dtype) -> None:
    """Such a model looks it up in a table: it stays a whole number, one for all rows."""
    timestep = torch.tensor(7)

    assert read(hidden_states=torch.zeros(3, 4, dtype=kind), timestep=timestep).arguments["timestep"] is timestep


def test_the_rows_of_layers_come_first() -> None:
    """A text encoder's layers [layers, rows, tokens, width] are joined by rows, also if there are as many layers as rows, and
    the model gets them as its pipeline passes them.
    """
    given: list[torch.Tensor] = []

    def forward(hidden_states: torch.Tensor, encoder_hidden_states_llama3: torch.Tensor) -> torch.Tensor:
        given.append(encoder_hidden_states_llama3)
        return hidden_states

    layers = [torch.rand(2, 2, 5, 8), torch.rand(2, 1, 5, 8)]
    calls = [
        read_call(
            BatchJob(),
            "transformer",
            forward,
            {"hidden_states": torch.rand(each.shape[1], 4, 8, 8), "encoder_hidden_states_llama3": each},
        )
        for each in layers
    ]
    run_forward(calls, Admission(most_rows=64))

    assert calls[0].key == calls[1].key
    assert torch.equal(given[0], torch.cat(layers, dim=1))
