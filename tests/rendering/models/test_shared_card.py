"""Workers that share a card: each leaves the others their part, and none is asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest
import torch

from core.catalog import Catalog
from tests.rendering.models.card import Card
from tests.rendering.models.conftest import weigh
from tests.rendering.models.drawing import draw
from worker.rendering.models import LoadedModel, Models
from worker.rendering.models.budget import SharedBudget
from worker.rendering.models.loading import load_model


@pytest.fixture
def card(size: int) -> Card:
    """With memory for four and a half of the models."""
    return Card(int(4.6 * size))


@pytest.fixture
def workers(catalog: Catalog, card: Card) -> Iterator[tuple[Models, Models]]:
    """Two workers on the card."""
    with ExitStack() as stack:
        started = []
        for _ in range(2):
            seat = card.seat()
            models = Models(catalog, device="cpu", budget=SharedBudget(seat, share=0.8))
            seat.weigh = partial(weigh_all, models)
            stack.callback(models.close)
            started.append(models)
        yield started[0], started[1]


def weigh_all(models: Models) -> int:
    """The bytes of the models of a worker, which share nothing."""
    return sum(weigh(resident.model) for resident in models._accounts.residents.values())


def wait_for_evictions() -> None:
    """A surplus is released by a thread of its own."""
    for thread in threading.enumerate():
        if thread.name == "evict-surplus":
            thread.join(30)


def test_a_worker_makes_way_for_another(workers: tuple[Models, Models], card: Card, size: int) -> None:
    """A worker that has filled the card releases the model that it has not used for longest once another worker needs memory;
    at no time do both have more than there is.
    """
    first, second = workers
    for name in ("red", "green", "blue"):
        first.load(name)
    assert first.resident_ids() == {"red", "green", "blue"}
    assert card.free < 2 * size

    second.load("red")
    assert card.free >= 0
    assert first.resident_ids() == {"green", "blue"}
    wait_for_evictions()
    second.load("green")

    assert card.free >= 0
    assert second.resident_ids() == {"red", "green"}
    assert draw(first.load("blue")).any()


def test_a_model_in_use_stays(workers: tuple[Models, Models], card: Card, size: int) -> None:
    """A worker that has too much releases idle models only, and never the one that it used last."""
    first, _ = workers
    with first.use("red"):
        for name in ("green", "blue"):
            first.load(name)
        card.taken = 4 * size
        assert first.resident_ids() == {"red", "blue"}
    assert first.resident_ids() == {"red"}


def test_a_load_counts_what_others_have(workers: tuple[Models, Models], card: Card, size: int) -> None:
    """A worker with a model loads the next one only into what the others left, and evicts its own otherwise."""
    first, _ = workers
    first.load("red")
    card.taken = int(2.5 * size)

    first.load("green")

    assert first.resident_ids() == {"green"}
    assert card.free >= 0


def test_a_first_load_waits_for_another_worker(workers: tuple[Models, Models], card: Card, size: int) -> None:
    """A worker without models waits for memory that others have, if the model fits without them."""
    first, _ = workers
    card.taken = 4 * size
    waiting = threading.Event()
    with ThreadPoolExecutor(1) as threads:
        load = threads.submit(lambda: first.use("red", while_waiting=waiting.set).__enter__())
        assert waiting.wait(10)
        assert not load.done()
        card.taken = 0
        assert load.result(timeout=30).id == "red"


def test_patience_ends(workers: tuple[Models, Models], card: Card, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """If nobody releases memory, the worker tries all the same: the accounts are no better than an estimate."""
    monkeypatch.setattr("worker.rendering.models.cache._PATIENCE_SECONDS", 0.0)
    card.taken = 4 * size

    assert workers[0].load("red").id == "red"


def test_a_model_too_large_for_the_card_does_not_wait(workers: tuple[Models, Models], card: Card, size: int) -> None:
    """A model that would not fit if the worker were alone on the card is tried at once."""
    card.total = size

    def fail() -> None:
        raise AssertionError("it waits")

    with workers[0].use("red", while_waiting=fail) as red:
        assert red.id == "red"


def test_the_loser_of_a_race_makes_room(
    workers: tuple[Models, Models], card: Card, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers read the same free memory, and one of them finds none: it releases its idle models and tries again."""
    first, _ = workers
    first.load("red")
    lost = [True]

    def lose_once(*arguments: Any, **options: Any) -> LoadedModel:
        if lost.pop() if lost else False:
            card.taken = int(2.5 * size)
            raise torch.OutOfMemoryError("injected")
        return load_model(*arguments, **options)

    monkeypatch.setattr("worker.rendering.models.cache.load_model", lose_once)

    assert draw(first.load("green")).any()
    assert first.resident_ids() == {"green"}
    assert card.free >= 0
