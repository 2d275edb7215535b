"""One forward serves several calls, and an error reaches only the calls whose rows cause it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch

from worker.rendering.batching import BatchJob
from worker.rendering.batching.admission import Admission
from worker.rendering.batching.call import DenoiserCall, read_call
from worker.rendering.batching.forward import run_forward
from worker.rendering.device_errors import is_out_of_memory


class Doubler:
    """Returns twice the rows. Has memory for a number of rows at once, and raises for a negative row."""

    def __init__(self, fits: int = 99) -> None:
        self.fits = fits
        self.rows: list[int] = []

    def __call__(self, sample: torch.Tensor) -> tuple[torch.Tensor]:
        self.rows.append(len(sample))
        if len(sample) > self.fits:
            raise torch.OutOfMemoryError("injected")
        if bool((sample < 0).any()):
            raise ArithmeticError("negative")
        return (2 * sample,)


class ListDoubler:
    """The same for listed pictures, as Z-Image's are."""

    def __init__(self, fits: int) -> None:
        self._doubler = Doubler(fits)

    def __call__(self, x: list[torch.Tensor]) -> tuple[list[torch.Tensor]]:
        return (list(self._doubler(torch.stack(x))[0]),)


def run(model: Doubler, samples: Sequence[torch.Tensor], admission: Admission | None = None) -> list[DenoiserCall]:
    calls = [read_call(BatchJob(), "unet", model, {"sample": sample}) for sample in samples]
    run_forward(calls, admission or Admission(most_rows=64))
    for call in calls:
        call.answer()
    return calls


def sample(*numbers: float) -> torch.Tensor:
    return torch.tensor(numbers).reshape(-1, 1)


def answer(call: DenoiserCall) -> list[float]:
    numbers: list[float] = call.wait()[0].flatten().tolist()
    return numbers


def test_calls_share_a_forward() -> None:
    """Three calls share one forward, and each gets its rows."""
    model = Doubler()

    calls = run(model, [sample(1), sample(2, 3), sample(4)])

    assert [answer(call) for call in calls] == [[2], [4, 6], [8]]
    assert model.rows == [4]


def test_calls_that_do_not_fit_are_halved() -> None:
    """If there is not enough memory, calls are halved, and halved again, and all are answered."""
    model, admission = Doubler(fits=2), Admission(most_rows=64)

    calls = run(model, [sample(number) for number in range(8)], admission)

    assert [answer(call) for call in calls] == [[2 * number] for number in range(8)]
    assert model.rows == [8, 4, 2, 2, 4, 2, 2]
    assert admission.limit(calls[0].shape) == 3


def test_a_call_that_does_not_fit_alone_goes_row_by_row() -> None:
    """A job of several pictures is drawn even if only one fits at a time."""
    model = Doubler(fits=1)

    [call] = run(model, [sample(1, 2, 3)])

    assert answer(call) == [2, 4, 6]
    assert model.rows == [3, 1, 1, 1]


def test_listed_pictures_go_row_by_row() -> None:
    """For Z-Image the answer is one list of all pictures, as from one forward."""
    model = ListDoubler(fits=1)
    call = read_call(BatchJob(), "transformer", model, {"x": [sample(1), sample(2), sample(3)]})

    run_forward([call], Admission(most_rows=64))
    call.answer()

    [pictures] = call.wait()
    assert [picture.item() for picture in pictures] == [2, 4, 6]


def test_a_row_that_does_not_fit_fails_its_job_alone() -> None:
    """If not even one row fits, the job fails with the memory error."""
    model = Doubler(fits=0)

    [call] = run(model, [sample(1, 2)])

    with pytest.raises(torch.OutOfMemoryError):
        call.wait()
    assert model.rows == [2, 1]


def test_what_raises_fails_alone() -> None:
    """A call that the model cannot take fails; the calls beside it are answered, each by a forward of its own."""
    model = Doubler()

    calls = run(model, [sample(1), sample(-1, 1), sample(3)])

    assert [answer(calls[0]), answer(calls[2])] == [[2], [6]]
    with pytest.raises(ArithmeticError):
        calls[1].wait()
    assert model.rows == [4, 1, 2, 1]


def test_both_at_once() -> None:
    """With too little memory and a call that raises, the other calls are still answered."""
    model = Doubler(fits=3)

    calls = run(model, [sample(1), sample(2), sample(-1), sample(4)])

    assert [answer(call) for call in (calls[0], calls[1], calls[3])] == [[2], [4], [8]]
    with pytest.raises(ArithmeticError):
        calls[2].wait()


def test_memory_errors_of_all_kinds_are_known() -> None:
    """The errors of a GPU, of Python, and of torch's CPU allocator (which has no type of its own) count; no others do."""
    assert is_out_of_memory(torch.OutOfMemoryError())
    assert is_out_of_memory(MemoryError())
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60)
    assert is_out_of_memory(caught.value)
    assert not is_out_of_memory(RuntimeError("shapes cannot be multiplied"))
