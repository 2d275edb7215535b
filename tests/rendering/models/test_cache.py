"""Which models are in memory, and when they are evicted."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from core.catalog import Catalog
from tests.rendering.models.drawing import draw
from worker.rendering.models import LoadedModel, Models
from worker.rendering.models.loading import load_model


@pytest.fixture
def models(catalog: Catalog, size: int) -> Iterator[Models]:
    """A cache with memory for two of the three."""
    models = Models(catalog, device="cpu", budget_bytes=int(2.5 * size))
    yield models
    models.close()


def test_a_model_is_loaded_once(models: Models) -> None:
    """The second job gets the model that the first one had loaded, and draws the same."""
    first = models.load("red")
    picture = draw(first)

    with models.use("red") as second:
        assert second is first
        assert (draw(second) == picture).all()
    assert models.resident_ids() == {"red"}


def test_what_was_not_used_for_longest_makes_room(models: Models) -> None:
    """A third model replaces the one that was used longest ago, not the one that was loaded first."""
    for name in ("red", "green", "red", "blue"):
        models.load(name)

    assert models.resident_ids() == {"red", "blue"}


def test_a_model_in_use_is_not_given_back(models: Models) -> None:
    """Idle models are evicted first, even if a model in use was used less recently."""
    with models.use("red") as red:
        models.load("green")
        models.load("blue")
        assert models.resident_ids() == {"red", "blue"}
        assert draw(red).any()


def test_a_load_waits_for_room(models: Models) -> None:
    """With all models in use, a load waits for one of them, which accepts no new jobs until then."""
    with ThreadPoolExecutor(1) as pool, models.use("green"):
        waiting = threading.Event()
        with models.use("red"):
            load = pool.submit(lambda: models.use("blue", while_waiting=waiting.set).__enter__())
            assert waiting.wait(10)
            assert models.resident_ids() == {"red"}, "green was used less recently: it has to leave"
            assert not load.done()
        # Green was leaving, but red is idle now and is evicted instead.
        load.result(timeout=30)
        assert models.resident_ids() == {"green", "blue"}


def test_a_wait_for_room_ends_when_nobody_wants_it(models: Models) -> None:
    """An error that `while_waiting` raises ends the wait of a load, and the leaving models stay."""

    def cancel() -> None:
        raise KeyError("cancelled")

    with models.use("red"), models.use("green"):
        with pytest.raises(KeyError), models.use("blue", while_waiting=cancel):
            pass
        assert models.resident_ids() == {"red", "green"}
        with models.use("red"), models.use("green"):
            pass


def test_a_model_that_leaves_comes_back(models: Models) -> None:
    """A job of a leaving model waits, and gets the model loaded again."""
    with ThreadPoolExecutor(2) as pool:
        in_use, waiting = models.use("red"), threading.Event()
        before = weakref.ref(in_use.__enter__())
        with models.use("green"):
            blue = pool.submit(lambda: models.use("blue", while_waiting=waiting.set).__enter__())
            assert waiting.wait(10)
            again = pool.submit(lambda: models.load("red"))
            in_use.__exit__(None, None, None)
            assert blue.result(timeout=30).id == "blue"
        red = again.result(timeout=30)
    assert red is not before()
    assert draw(red).any()


def test_a_model_larger_than_the_budget_is_loaded_alone(catalog: Catalog) -> None:
    """A budget that is too small for any model still serves one at a time."""
    models = Models(catalog, device="cpu", budget_bytes=1)

    for name in ("red", "green"):
        assert models.load(name).id == name
        assert models.resident_ids() == {name}


def test_others_render_while_a_model_is_loaded(models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs of a model that is in memory do not wait for the load of another one."""
    red = models.load("red")
    goes_on, has_begun = threading.Event(), threading.Event()

    def load_slowly(*arguments: Any, **options: Any) -> LoadedModel:
        has_begun.set()
        assert goes_on.wait(30)
        return load_model(*arguments, **options)

    monkeypatch.setattr("worker.rendering.models.cache.load_model", load_slowly)
    with ThreadPoolExecutor(1) as pool:
        green = pool.submit(models.load, "green")
        assert has_begun.wait(10)
        with models.use("red") as again:
            assert again is red
            assert draw(again).any()
        assert not green.done()
        goes_on.set()
        assert green.result(timeout=30).id == "green"


def test_jobs_of_an_offloaded_model_take_turns(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two jobs of an offloaded model never use it at once, and a cancelled one stops waiting."""
    entry = catalog.models["red"].model_copy(update={"offload": "model"})
    # Offloading on a CPU is refused because it is useless; here it does no harm.
    monkeypatch.setattr("worker.rendering.models.loading.refuse_impossible_switches", lambda *_: None)
    models = Models(catalog.model_copy(update={"models": {"red": entry}}), device="cpu")

    def cancel() -> None:
        raise KeyError("cancelled")

    with models.use("red") as red:
        assert draw(red).any()
        with pytest.raises(KeyError), models.use("red", while_waiting=cancel):
            pass
    with models.use("red") as again:
        assert again is red
    models.close()


def test_threads_that_want_the_same_model_load_it_once(models: Models) -> None:
    """Eight jobs that need a model at once share one load."""
    with ThreadPoolExecutor(8) as pool:
        loaded = list(pool.map(models.load, ["red"] * 8))

    assert len({id(model) for model in loaded}) == 1


def test_an_evicted_model_is_gone(models: Models) -> None:
    """Nothing of an evicted model is left: no pipeline, no modules, no threads."""
    model: LoadedModel | None = models.load("red")
    assert model is not None
    draw(model)
    parts = [model.pipeline, model.pipeline.unet, model.pipeline.vae, model.batcher]
    left = [weakref.ref(part) for part in parts]
    assert any(thread.name.startswith("denoise-red") for thread in threading.enumerate())

    del model, parts
    models.close()

    assert not [reference() for reference in left if reference() is not None]
    assert not any(thread.name.startswith("denoise-red") for thread in threading.enumerate())
    assert models.resident_ids() == set()
