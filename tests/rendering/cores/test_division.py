"""Parts of the cores follow the number of pieces of work, and each thread keeps the number that it took."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import torch

from tests.rendering.cores.conftest import Divide
from worker.rendering.cores import Cores

#: Tensors of this size are summed up by all threads of their caller.
MANY = 300_000


def read_threads() -> int:
    """The threads that torch really uses here, after a computation of several."""
    torch.ones(MANY).sum()
    return torch.get_num_threads()


@pytest.mark.parametrize(
    ("pieces", "part"), [(0, 16), (1, 16), (2, 8), (3, 5), (4, 4), (5, 3), (9, 1), (16, 1), (17, 1), (100, 1)]
)
def test_pieces_of_work_have_equal_parts(pieces: int, part: int) -> None:
    """One piece has all 16 cores, two have 8 each, and no piece has less than one."""
    cores = Cores()
    cores.divide(16, most_parts=16)
    cores.note_work("model", pieces)
    assert cores.part == part


@pytest.mark.parametrize(("pieces", "part"), [(1, 16), (2, 8), (3, 8), (100, 8)])
def test_there_is_a_limit_of_parts(pieces: int, part: int) -> None:
    """With two parts at most, more work shares those."""
    cores = Cores()
    cores.divide(16, most_parts=2)
    cores.note_work("model", pieces)
    assert cores.part == part


def test_work_of_all_models_counts() -> None:
    """The parts are those of the process: work of a second model halves them, and they grow again when it ends."""
    cores = Cores()
    cores.divide(8, most_parts=8)
    cores.note_work("one", 1)
    cores.note_work("other", 1)
    assert cores.part == 4
    cores.note_work("other", 3)
    assert cores.part == 2
    cores.note_work("one", 0)
    cores.note_work("other", 0)
    assert cores.part == 8


def test_threads_do_not_change_each_other(divide: Divide) -> None:
    """A thread that took all cores keeps them when another one takes its part, and the other way round."""
    cores = divide(4, 4)
    cores.note_work("model", 4)
    meeting = Barrier(2, timeout=30)

    def take(everything: bool) -> list[int]:
        seen = []
        for turn in (False, True):
            if everything is turn:
                cores.take(everything=everything)
            meeting.wait()
            seen.append(read_threads())
            meeting.wait()
        return seen

    with ThreadPoolExecutor(2) as threads:
        narrow, wide = threads.map(take, [False, True])
    cores.note_work("model", 0)

    assert narrow == [1, 1]
    assert wide[-1] == 4


def test_the_first_computation_of_a_thread_undoes_nothing(divide: Divide) -> None:
    """A thread that has never computed keeps what it took, though torch would give it what was set last anywhere."""
    cores = divide(4, 4)
    meeting = Barrier(2, timeout=30)

    def take() -> int:
        cores.take()
        meeting.wait()
        meeting.wait()
        return read_threads()

    with ThreadPoolExecutor(1) as threads:
        taking = threads.submit(take)
        meeting.wait()
        torch.set_num_threads(1)
        meeting.wait()
        assert taking.result(30) == 4


def test_a_thread_is_left_as_it_was(divide: Divide) -> None:
    """After its work, also after an error in it, a thread has as many threads as before."""
    cores = divide(4, 4)
    torch.set_num_threads(3)
    with cores.working(everything=False):
        assert read_threads() == 4
        cores.note_work("model", 2)
        assert cores.take() == read_threads() == 2
        with pytest.raises(ArithmeticError, match="4"), cores.working(everything=True):
            _fail(read_threads())
        assert read_threads() == 2
        assert cores.take() == 2
    cores.note_work("model", 0)

    assert read_threads() == 3


def test_what_has_to_be_the_same_has_all_cores_whatever_a_thread_did_last(divide: Divide) -> None:
    """A receipt names their number; the thread that writes it may have computed with fewer."""
    cores = divide(4, 4)
    torch.set_num_threads(1)

    assert (cores.all, read_threads()) == (4, 1)


def test_without_a_division_nothing_changes() -> None:
    """On a GPU torch's threads stay as they are."""
    torch_threads = torch.get_num_threads()
    cores = Cores()
    cores.note_work("model", 3)
    with cores.working(everything=True):
        assert (cores.part, cores.take(), cores.take(everything=True)) == (0, 0, 0)
        assert cores.all == torch_threads
        assert torch.get_num_threads() == torch_threads


def _fail(threads: int) -> None:
    raise ArithmeticError(threads)
