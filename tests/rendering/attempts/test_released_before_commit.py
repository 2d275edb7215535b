"""While an attempt waits for the store or the database, it holds neither its render nor its model."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
import torch

from core.database import transaction
from core.errors import StorageUnavailable
from core.jobs.outcomes.cancel import cancel_job
from core.jobs.status import JobStatus
from tests.integration.attempts import read_job
from tests.integration.conftest import Submit
from worker.rendering import run_job
from worker.rendering.checkpoints import JobCheckpoints
from worker.rendering.render import render_images
from worker.rendering.runtime import Runtime
from worker.rendering.watch_steps import StepEnd

REQUEST: dict[str, Any] = {"width": 64, "height": 64, "num_inference_steps": 4}


class Waits:
    """Looks, whenever an attempt begins to wait, at what is alive of its render, without a search for garbage; then evicts the
    model, which must be gone.
    """

    def __init__(self, runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
        self._runtime = runtime
        self._held: dict[str, weakref.ref[Any]] = {}
        #: What was alive, by the name of what the attempt waited for.
        self.alive: dict[str, set[str]] = {}
        for module, name in ((run_job, "upload_images"), (run_job, "commit_outcome"), (JobCheckpoints, "hand_back")):
            monkeypatch.setattr(module, name, self._looking(name, getattr(module, name)))
        self._draw = render_images
        monkeypatch.setattr(run_job, "render_images", self._render)

    def hold(self, name: str, held: Any) -> None:
        """Look whether this is alive, too."""
        self._held[name] = weakref.ref(held)

    def _looking(self, name: str, wait: Callable[..., Any]) -> Callable[..., Any]:
        def look(*arguments: Any, **options: Any) -> Any:
            alive = {name for name, held in self._held.items() if held() is not None} - {"denoiser"}
            # Another job needs the model's memory.
            self._runtime.models._accounts.mark_all_leaving()
            self._runtime.models._evict_one()
            self.alive[name] = alive | {name for name, held in self._held.items() if held() is not None}
            return wait(*arguments, **options)

        return look

    def _render(self, model: Any, drawing: Any, *, on_step: Callable[[StepEnd], None], **options: Any) -> Any:
        def end_step(end: StepEnd) -> None:
            self.hold("latents", end.latents)
            on_step(end)

        self.hold("denoiser", model.pipeline.unet)
        gc.collect()
        gc.disable()
        return self._draw(model, drawing, on_step=end_step, **options)


@pytest.fixture
def waits(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Iterator[Waits]:
    # A preview has a thread of its own, which may be in the middle of one when the job ends.
    monkeypatch.setattr(Runtime, "preview", lambda *_: None)
    yield Waits(runtime, monkeypatch)
    gc.enable()


def fail_denoiser(runtime: Runtime, waits: Waits, error: type[Exception]) -> None:
    """From its third forward on the denoiser raises the error."""
    unet: Any = runtime.models.load("picturebook").pipeline.unet
    forwards = 0

    def look(_module: torch.nn.Module, arguments: Any) -> None:
        nonlocal forwards
        forwards += 1
        if forwards >= 3:
            activation = torch.ones(1024)
            waits.hold("activation", activation)
            raise error

    unet.conv_in.register_forward_pre_hook(look)


def status_of(job_id: UUID) -> tuple[str, int, str | None]:
    with transaction() as session:
        job = read_job(session, job_id)
        return job.status, job.attempts_used, job.failure_code


def test_a_success_holds_nothing(runtime: Runtime, waits: Waits, account_id: UUID, submit: Submit) -> None:
    """Neither during the upload nor during the commit are latents or denoiser in memory, once the model is evicted."""
    job_id = submit(account_id, **REQUEST)

    assert run_job.run_next_job(runtime)

    assert waits.alive == {"upload_images": set(), "commit_outcome": set()}
    assert status_of(job_id)[:2] == ("succeeded", 1)


@pytest.mark.parametrize("error", [torch.OutOfMemoryError, ArithmeticError])
def test_a_failure_holds_nothing(
    runtime: Runtime, waits: Waits, account_id: UUID, submit: Submit, error: type[Exception]
) -> None:
    """The error that ended the attempt keeps no activation, latents or model while it is written down."""
    fail_denoiser(runtime, waits, error)
    job_id = submit(account_id, **REQUEST)

    assert run_job.run_next_job(runtime)

    assert waits.alive == {"commit_outcome": set()}
    assert status_of(job_id)[:2] == ("queued", 1)


def test_a_store_that_is_away_holds_nothing(
    runtime: Runtime, waits: Waits, account_id: UUID, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture that could not be stored fails the attempt, and its render is gone."""

    def refuse(*_arguments: Any, **_options: Any) -> Any:
        raise StorageUnavailable

    monkeypatch.setattr(run_job, "upload_images", refuse)
    job_id = submit(account_id, **REQUEST)

    assert run_job.run_next_job(runtime)

    assert waits.alive == {"commit_outcome": set()}
    assert status_of(job_id)[:2] == ("queued", 1)


def test_a_job_that_is_handed_back_holds_nothing(
    runtime: Runtime, waits: Waits, account_id: UUID, submit: Submit
) -> None:
    """While the last checkpoint of a drained job is put into the bucket, the job's model and latents are gone."""
    runtime.models.load("picturebook").pipeline.unet.register_forward_pre_hook(lambda *_: runtime.drain.begin(0))
    job_id = submit(account_id, **REQUEST)

    assert run_job.run_next_job(runtime)

    assert waits.alive == {"hand_back": set(), "commit_outcome": set()}
    assert status_of(job_id)[:2] == ("queued", 0)


def test_a_cancelled_job_holds_nothing(runtime: Runtime, waits: Waits, account_id: UUID, submit: Submit) -> None:
    """Likewise while a cancellation is written down."""
    job_id = submit(account_id, **REQUEST | {"num_inference_steps": 100})

    def cancel(*_: Any) -> None:
        with transaction() as session:
            if read_job(session, job_id).cancel_requested_at is None:
                cancel_job(session, account_id=account_id, job_id=job_id)

    runtime.models.load("picturebook").pipeline.unet.register_forward_pre_hook(cancel)

    assert run_job.run_next_job(runtime)

    assert waits.alive == {"commit_outcome": set()}
    assert status_of(job_id)[0] == JobStatus.CANCELLED
