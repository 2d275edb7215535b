"""What the training recipe's tests put back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True, scope="module")
def _threads() -> Iterator[None]:
    """The recipe gives each of its threads one core, and with that MKL for the whole process; other tests compare this
    process's pictures with another's to the bit.
    """
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
