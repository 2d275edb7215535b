"""An attempt's checkpoints in a real bucket: when they are stored, which are kept, and how a bad one is handled."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import torch

from core.artifacts import storage
from core.artifacts.storage import bucket
from core.ids import format_id, new_id
from core.jobs.attempts.checkpoints import StoredCheckpoint
from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from core.settings import get_settings
from infra.local import LocalStack
from worker.rendering.checkpoints import Checkpoint, CheckpointWriter, JobCheckpoints
from worker.rendering.errors import CheckpointRefused, CheckpointUnsupported

STEPS = 10


class Lease:
    """Records every checkpoint at once, unless the test says not to."""

    def __init__(self) -> None:
        self.named_checkpoint: StoredCheckpoint | None = None
        self.holds = True

    def name_checkpoint(self, checkpoint: StoredCheckpoint) -> None:
        if self.holds:
            self.named_checkpoint = checkpoint


@pytest.fixture
def writer(servers: LocalStack) -> Iterator[CheckpointWriter]:
    writer = CheckpointWriter()
    yield writer
    writer.close()


@pytest.fixture
def attempt() -> ClaimedAttempt:
    return ClaimedAttempt(
        id=new_id(),
        job_id=new_id(),
        account_id=new_id(),
        attempt_number=1,
        model="picturebook",
        model_revision="1",
        task="text-to-image",
        request={},
        steps=STEPS,
        resume_step=0,
        cost=1.0,
        seed=1,
        request_id="req_test",
        started_at=datetime.now(UTC),
        waited_seconds=0,
    )


def at(step: int) -> Checkpoint:
    """The job's checkpoint after this step."""
    return Checkpoint({}, step, STEPS, {}, [], [[]] * step, {"t0": torch.full((8,), float(step))})


def done_writing(writer: CheckpointWriter) -> None:
    """Wait for all that was submitted before."""
    is_done = threading.Event()
    writer.submit(new_id(), is_done.set)
    assert is_done.wait(20)


def steps_in_bucket(attempt: ClaimedAttempt) -> list[int]:
    prefix = f"checkpoints/{format_id('job', attempt.job_id)}/"
    return sorted(int(key.rpartition("/")[2].partition(".")[0]) for key, _ in bucket().list_objects(prefix))


def render_steps(checkpoints: JobCheckpoints, writer: CheckpointWriter, *steps: int) -> None:
    for step in steps:
        checkpoints.reach_step(step, STEPS, lambda step=step: at(step))  # type: ignore[misc]  # mypy cannot infer the default's type
        done_writing(writer)


def next_attempt(attempt: ClaimedAttempt, checkpoint: StoredCheckpoint | None) -> ClaimedAttempt:
    return replace(attempt, id=new_id(), attempt_number=attempt.attempt_number + 1, checkpoint=checkpoint)


def test_what_a_row_names_stays_and_what_came_before_goes(writer: CheckpointWriter, attempt: ClaimedAttempt) -> None:
    """A checkpoint is deleted once a row names a later one, and not before; at the job's end all are deleted."""
    lease = Lease()
    checkpoints = JobCheckpoints(attempt, lease, writer, every_seconds=0)
    render_steps(checkpoints, writer, 1, 2)
    assert steps_in_bucket(attempt) == [2]

    lease.holds = False
    render_steps(checkpoints, writer, 3, 4)
    assert steps_in_bucket(attempt) == [2, 3, 4]

    checkpoints.close(is_finished=True)
    done_writing(writer)
    assert steps_in_bucket(attempt) == []


def test_the_next_attempt_goes_on_and_clears_up(writer: CheckpointWriter, attempt: ClaimedAttempt) -> None:
    """A job that is handed back at a step without a due checkpoint resumes from there; the earlier attempt's object is
    deleted once the new attempt has its own.
    """
    first_lease = Lease()
    first = JobCheckpoints(attempt, first_lease, writer, every_seconds=0)
    render_steps(first, writer, 1, 2)
    first.stop_at_step(lambda: at(3))
    stored = first.hand_back()
    first.close(is_finished=False)
    done_writing(writer)
    assert stored is not None
    assert (stored.step, steps_in_bucket(attempt)) == (3, [3])

    second_lease = Lease()
    second_lease.named_checkpoint = stored
    second = JobCheckpoints(next_attempt(attempt, stored), second_lease, writer, every_seconds=0)
    resumed = second.resume(lambda checkpoint: checkpoint)
    assert resumed is not None
    assert (resumed.step, resumed.tensors["t0"].tolist()) == (3, [3.0] * 8)
    render_steps(second, writer, 4)
    assert steps_in_bucket(attempt) == [4]


@pytest.mark.parametrize("damage", ["missing", "other bytes", "not a checkpoint"])
def test_a_bad_checkpoint_means_starting_over(writer: CheckpointWriter, attempt: ClaimedAttempt, damage: str) -> None:
    """With a checkpoint that is gone, changed or of another kind, the job is drawn from its start and does not fail."""
    first = JobCheckpoints(attempt, Lease(), writer, every_seconds=0)
    first.stop_at_step(lambda: at(3))
    stored = first.hand_back()
    assert stored is not None
    if damage == "missing":
        bucket().delete(stored.storage_key)
    elif damage == "other bytes":
        bucket().put(stored.storage_key, at(4).to_bytes(), media_type="application/octet-stream", sha256="")
    else:
        bucket().put(stored.storage_key, b"nonsense", media_type="application/octet-stream", sha256="")
        stored = replace(stored, sha256=hashlib.sha256(b"nonsense").hexdigest())

    second = JobCheckpoints(next_attempt(attempt, stored), Lease(), writer, every_seconds=0)

    assert second.resume(lambda checkpoint: checkpoint) is None


def test_one_that_is_refused_while_drawing_means_starting_over(
    writer: CheckpointWriter, attempt: ClaimedAttempt
) -> None:
    """If only the pipeline notices that a checkpoint is of another engine, the job is drawn again from its start."""
    first = JobCheckpoints(attempt, Lease(), writer, every_seconds=0)
    first.stop_at_step(lambda: at(3))
    second = JobCheckpoints(next_attempt(attempt, first.hand_back()), Lease(), writer, every_seconds=0)

    def draw(checkpoint: Checkpoint | None) -> str:
        if checkpoint is not None:
            raise CheckpointRefused
        return "drawn"

    assert second.resume(draw) == "drawn"


def test_a_dead_bucket_holds_nobody_up(
    writer: CheckpointWriter, attempt: ClaimedAttempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If nothing can be stored, steps continue, a drain hands the job back with its last checkpoint, and a resume starts over."""
    lease = Lease()
    checkpoints = JobCheckpoints(attempt, lease, writer, every_seconds=0)
    render_steps(checkpoints, writer, 1)
    with monkeypatch.context() as patch:
        patch.setenv("S3_ENDPOINT_URL", "http://127.0.0.1:9")
        _forget()
        render_steps(checkpoints, writer, 2)
        checkpoints.stop_at_step(lambda: at(3))
        stored = checkpoints.hand_back()
        checkpoints.close(is_finished=True)
        done_writing(writer)
    _forget()

    assert stored is not None
    assert (stored.step, steps_in_bucket(attempt)) == (1, [1])


def test_what_cannot_be_written_down_is_not_tried_again(writer: CheckpointWriter, attempt: ClaimedAttempt) -> None:
    """A render that cannot be resumed is asked once for a checkpoint, and continues without."""
    asked = []

    def capture() -> Checkpoint:
        asked.append(1)
        raise CheckpointUnsupported("it has a guider")

    checkpoints = JobCheckpoints(attempt, Lease(), writer, every_seconds=0)
    for step in range(1, STEPS):
        checkpoints.reach_step(step, STEPS, capture)

    assert asked == [1]
    assert checkpoints.hand_back() is None


def test_a_slow_bucket_gets_the_latest_only(writer: CheckpointWriter) -> None:
    """While the writer is busy, only the newest work of each attempt waits; submitting does not block."""
    is_held, release = threading.Event(), threading.Event()
    first, second = new_id(), new_id()
    done: list[str] = []

    def hold() -> None:
        is_held.set()
        release.wait(20)

    writer.submit(new_id(), hold)
    assert is_held.wait(20)
    for step in range(5):
        writer.submit(first, lambda step=step: done.append(f"first {step}"))  # type: ignore[misc]  # as above
    writer.submit(second, lambda: done.append("second"))
    release.set()
    done_writing(writer)

    assert done == ["first 4", "second"]


def _forget() -> None:
    get_settings.cache_clear()
    for built in (storage.bucket, storage.bucket_in_a_hurry, storage._link_signer, storage._session):
        built.cache_clear()
