"""The budget of models: a share of what the device has, read whenever it matters."""

from __future__ import annotations

import psutil
import pytest
import torch

from tests.rendering.models.card import Card
from worker.rendering.models.budget import FixedBudget, SharedBudget, build_budget
from worker.rendering.models.memory import MainMemory

GIB = 1024**3


def shared(card: Card) -> SharedBudget:
    """As on a GPU."""
    return SharedBudget(card.seat(), share=0.8, reserve_bytes=GIB)


def test_what_a_process_loads_leaves_its_budget() -> None:
    """The budget is a share of what is free and what the process has: its own loads do not change it."""
    budget = shared(Card(100 * GIB))

    assert [budget.read_bytes(loaded) // GIB for loaded in (0, 10, 60, 80)] == [80, 80, 80, 80]


def test_what_others_take_lowers_the_budget() -> None:
    """Memory that another process takes after the start counts as gone, and counts again when it is released."""
    card = Card(100 * GIB)
    budget = shared(card)

    assert budget.read_bytes(20 * GIB) == 80 * GIB
    card.taken = 50 * GIB
    assert budget.read_bytes(20 * GIB) == 40 * GIB
    card.taken = 0
    assert budget.read_bytes(20 * GIB) == 80 * GIB


def test_a_small_card_keeps_a_reserve() -> None:
    """At least a gibibyte stays free for activations, and a card without even that has no budget."""
    assert shared(Card(4 * GIB)).read_bytes(0) == 3 * GIB
    assert shared(Card(GIB // 2)).read_bytes(0) == 0


def test_what_the_allocator_keeps_is_not_lost() -> None:
    """What the allocator has reserved and does not use counts as the process's own: it can load models there."""
    card = Card(100 * GIB)
    budget = shared(card)
    card.seats[0].cached = 30 * GIB

    assert budget.read_bytes(10 * GIB) == 80 * GIB


def test_fragments_are_lost() -> None:
    """What lies scattered between tensors is too small for a model, and is no part of the budget."""
    card = Card(100 * GIB)
    budget = shared(card)
    card.seats[0].scattered = 5 * GIB

    assert budget.read_bytes(10 * GIB) == 75 * GIB


def test_workers_on_a_card_agree() -> None:
    """Of any number of workers that load one after another, each takes its share of the rest: together never more than there
    is, and the first one's budget falls as the others load.
    """
    card = Card(100 * GIB)
    budgets = [shared(card) for _ in range(4)]

    loaded = []
    for budget in budgets:
        loaded.append(budget.read_bytes(0))
        budget.read_bytes(loaded[-1])

    assert sum(loaded) <= 99 * GIB
    assert loaded == sorted(loaded, reverse=True)
    assert budgets[0].read_bytes(loaded[0]) < loaded[0]
    assert budgets[0].can_grow_to(80 * GIB, loaded[0])
    assert not budgets[0].can_grow_to(81 * GIB, loaded[0])


def test_a_fixed_budget_is_the_operators() -> None:
    """A limit of the operator holds whatever the device has."""
    budget = build_budget(torch.device("cpu"), 123)

    assert isinstance(budget, FixedBudget)
    assert [budget.read_bytes(loaded) for loaded in (0, 1000)] == [123, 123]
    assert budget.can_grow_to(123, 0)
    assert not budget.can_grow_to(124, 0)


def test_a_cpu_has_half_of_the_free_memory() -> None:
    """Without a setting models may take half of the main memory that was free at first: pages of mapped files, which count as
    free while a model uses them, are not counted twice.
    """
    free = psutil.virtual_memory().available
    budget = build_budget(torch.device("cpu"), None)

    assert 0 < budget.read_bytes(0) <= free

    free_now = 100
    memory = MainMemory(lambda: free_now)
    assert [memory.read(loaded).free for loaded in (0, 30, 100, 120)] == [100, 70, 0, 0]
    free_now = 40
    assert [memory.read(loaded).free for loaded in (0, 30, 80)] == [40, 40, 20]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_is_read() -> None:
    """On a GPU a tensor moves from what is free to what the process holds."""
    device = torch.device("cuda")
    budget = build_budget(device, None)
    before = budget.read_bytes(0)
    held = torch.empty(GIB, dtype=torch.uint8, device=device)

    assert budget.read_bytes(held.numel()) == pytest.approx(before, rel=0.05)
