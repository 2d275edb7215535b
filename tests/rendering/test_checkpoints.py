"""Checkpoints as bytes: what they hold, which are refused, and when one is due."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from diffusers import DPMSolverMultistepScheduler, FirstBlockCacheConfig
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.rendering.resuming import Case, TinyModels, draw, stop_after
from worker.rendering.batching import BatchJob
from worker.rendering.checkpoints import Checkpoint
from worker.rendering.checkpoints.policy import CheckpointPolicy
from worker.rendering.checkpoints.scheduler_state import SchedulerState
from worker.rendering.checkpoints.tensors import TensorReader, TensorStore
from worker.rendering.drawing import Drawing
from worker.rendering.errors import CheckpointRefused, CheckpointUnsupported
from worker.rendering.models import LoadedModel
from worker.rendering.render import render_images
from worker.rendering.watch_steps import StepEnd

CASE = Case("sd15", "text-to-image", "dpmpp_2m")


@pytest.fixture(scope="module")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TinyModels]:
    models = TinyModels(tmp_path_factory.mktemp("models"), ["sd15", "flux-schnell"])
    yield models
    models.close()


@pytest.fixture(scope="module")
def model(tiny_models: TinyModels) -> LoadedModel:
    return tiny_models.get("sd15")


@pytest.fixture(scope="module")
def content(model: LoadedModel) -> bytes:
    """A checkpoint after two of five steps."""
    return stop_after(model, CASE, 2)[0].to_bytes()


def change_header(content: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    """The same checkpoint with another header, and the digest that goes with it."""
    whole = Checkpoint.from_bytes(content)
    fields = {name: getattr(whole, name) for name in ("subject", "step", "steps", "state", "forms", "calls", "tensors")}
    fields = json.loads(json.dumps(fields | {"tensors": None})) | {"tensors": whole.tensors}
    change(fields)
    return Checkpoint(**fields).to_bytes()


def test_it_is_one_safetensors_file(content: bytes, tmp_path: Path) -> None:
    """Any safetensors reader opens it; the state of a small picture takes about ten kilobytes; nothing in it is pickled."""
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(content)

    with safetensors.safe_open(path, framework="pt") as file:
        header = json.loads(file.metadata()["darkroom_checkpoint"])

    assert header["format"] == 1
    assert header["subject"]["request"] == CASE.request
    assert header["subject"]["seeds"] == list(CASE.seeds)
    assert header["subject"]["model's files"]
    assert len(content) < 32 * 1024


@given(data=st.data())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_one_is_refused(content: bytes, data: st.DataObject) -> None:
    """With any byte changed, or cut off anywhere, a checkpoint is refused and never misread."""
    damaged = bytearray(content)
    # Half of the changes are in the header, which is the smaller and more delicate part.
    place = data.draw(st.integers(0, len(content) - 1) | st.integers(0, 2000))
    if data.draw(st.booleans()):
        damaged[place] ^= data.draw(st.integers(1, 255))
    else:
        del damaged[place:]

    with pytest.raises(CheckpointRefused, match="damaged"):
        Checkpoint.from_bytes(bytes(damaged))


def test_another_format_is_refused(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint with the format of a newer Darkroom is refused."""
    monkeypatch.setattr("worker.rendering.checkpoints.checkpoint.FORMAT_VERSION", 2)

    with pytest.raises(CheckpointRefused, match="format 1, not 2"):
        Checkpoint.from_bytes(content)


@pytest.mark.parametrize(
    ("case", "named"),
    [
        (Case("sd15", "text-to-image", "dpmpp_2m", (7, 9)), "seeds"),
        (Case("sd15", "text-to-image", "dpmpp_2m", changes={"prompt": "a blue mug"}), "request"),
        (Case("sd15", "text-to-image", "dpmpp_2m", changes={"guidance_scale": 5.0}), "request"),
        (Case("sd15", "text-to-image", "unipc"), "scheduler"),
    ],
)
def test_that_of_another_job_is_refused(model: LoadedModel, content: bytes, case: Case, named: str) -> None:
    """Nothing is drawn from a checkpoint with another request or other seeds, and the error names the difference."""
    forwards = model.batcher.forwards

    with pytest.raises(CheckpointRefused, match=named):
        draw(model, case, Checkpoint.from_bytes(content))
    assert model.batcher.forwards == forwards


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model", "sd2"),
        ("model's files", {"unet/diffusion_pytorch_model.safetensors": "00"}),
        ("dtype", "float16"),
        ("device", "cuda"),
        ("switches", {"quantisation": "int8"}),
        ("scheduler's configuration", "00"),
        ("versions", {"diffusers": "0.41.0"}),
        ("images", {"image": "00"}),
        ("adapters", [["sketch", 1.0]]),
    ],
)
def test_that_of_another_engine_is_refused(model: LoadedModel, content: bytes, name: str, value: object) -> None:
    """Nothing is drawn from a checkpoint with other weights, versions, types, adapters or pictures."""
    other = change_header(content, lambda header: header["subject"].update({name: value}))

    with pytest.raises(CheckpointRefused, match=name):
        draw(model, CASE, Checkpoint.from_bytes(other))


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header["calls"][0].append(["unet", 0]),
        lambda header: header["calls"][1].clear(),
        lambda header: header["calls"][0].__setitem__(0, ["transformer", 0]),
        lambda header: header.update(steps=6),
    ],
)
def test_a_render_that_went_otherwise_is_refused(
    model: LoadedModel, content: bytes, change: Callable[[dict[str, Any]], object]
) -> None:
    """A checkpoint is refused if the pipeline does not make the calls that it made before."""
    other = change_header(content, change)

    with pytest.raises(CheckpointRefused):
        draw(model, CASE, Checkpoint.from_bytes(other))


def test_a_job_that_was_stopped_at_its_last_step_has_no_step_left(model: LoadedModel) -> None:
    """A job that was handed back between its last step and its picture is only decoded."""
    checkpoint, _ = stop_after(model, CASE, CASE.steps)

    rest = draw(model, CASE, Checkpoint.from_bytes(checkpoint.to_bytes()))

    whole = draw(model, CASE)
    assert (rest.pixels_sha256, rest.forwards) == (whole.pixels_sha256, 0)


def test_a_resumed_job_lets_others_prepare_while_it_catches_up(model: LoadedModel, content: bytes) -> None:
    """Its first call ends its preparation, even if a checkpoint answers it; no job waits for it before its first real call."""
    job = BatchJob()
    seen: list[tuple[bool, int]] = []

    render_images(
        model,
        Drawing(CASE.request, CASE.seeds, job=job),
        on_step=lambda _end: seen.append((job.is_preparing, model.batcher.jobs_in_flight)),
        checkpoint=Checkpoint.from_bytes(content),
    )

    # After the step that was skipped, and after the first one that was taken.
    assert seen[:2] == [(False, 0), (False, 1)]


def test_what_cannot_be_resumed_says_why(tiny_models: TinyModels) -> None:
    """A model whose denoiser keeps results between steps renders as usual, and its receipt has the reason."""
    cached = tiny_models.get("flux-schnell")
    cached.pipeline.transformer.enable_cache(FirstBlockCacheConfig(threshold=0.05))
    refusals: list[str] = []

    def try_to_capture(end: StepEnd) -> None:
        with pytest.raises(CheckpointUnsupported) as refusal:
            end.capture()
        refusals.append(refusal.value.message)

    request = Case("flux-schnell", "text-to-image", "own", steps=2).request
    drawn = render_images(cached, Drawing(request, seeds=(1,)), on_step=try_to_capture)

    assert drawn.resume == "unsupported: its transformer keeps results of earlier steps"
    assert refusals == ["its transformer keeps results of earlier steps"] * 2


def test_a_state_that_cannot_be_stored_is_named() -> None:
    """An attribute that appears while rendering, and is no number, tensor or list of them, is named in the error."""
    scheduler = DPMSolverMultistepScheduler()
    scheduler.set_timesteps(4)
    state = SchedulerState(scheduler)
    scheduler.noise_source = object()

    with pytest.raises(CheckpointUnsupported, match="noise_source"):
        state.put_changes(TensorStore())


_NUMBERS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
_TENSORS = st.sampled_from(
    [
        torch.arange(24.0).reshape(1, 4, 2, 3),
        torch.arange(48.0).reshape(2, 4, 2, 3).to(memory_format=torch.channels_last),
        torch.tensor(3),
        torch.ones(2, dtype=torch.bfloat16),
        torch.zeros(0),
        torch.tensor([True]),
        torch.arange(6).reshape(2, 3).T,
    ]
)


@given(
    value=st.recursive(
        _NUMBERS | _TENSORS,
        lambda inner: (
            st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(tuple) | st.dictionaries(st.text(), inner)
        ),
        max_leaves=8,
    )
)
@settings(deadline=None)
def test_a_value_comes_back_as_it_was(value: object) -> None:
    """Tensors (with their type and memory layout), lists, tuples, dicts and numbers survive JSON."""
    store = TensorStore()
    tree = json.loads(json.dumps(store.put(value)))

    assert_equal(TensorReader(store.tensors, torch.device("cpu")).get(tree), value)


def assert_equal(some: Any, other: Any) -> None:
    assert type(some) is type(other)
    if isinstance(other, torch.Tensor):
        assert (some.dtype, some.shape, some.stride()) == (other.dtype, other.shape, other.stride())
        assert torch.equal(some, other)
    elif isinstance(other, (list, tuple)):
        assert len(some) == len(other)
        for one, two in zip(some, other, strict=True):
            assert_equal(one, two)
    elif isinstance(other, dict):
        assert_equal(list(some), list(other))
        assert_equal(list(some.values()), list(other.values()))
    else:
        assert some == other


def test_one_is_due_every_so_many_seconds() -> None:
    """The interval counts from the first step; none is due at the last. With 0, one is due at every step before the last."""
    policy, eager = CheckpointPolicy(10), CheckpointPolicy(0)
    due = []
    for step in range(1, 31):
        if policy.is_due(step, 30, now=float(step)):
            due.append(step)
            policy.record(float(step), cost_seconds=0.01)
        assert eager.is_due(step, 30, now=float(step)) == (step < 30)
        eager.record(float(step), cost_seconds=1.0)

    assert due == [11, 21]
    assert not CheckpointPolicy(10).is_due(30, 30, now=1e9)


def test_checkpoints_take_a_fiftieth_of_the_time_at_most() -> None:
    """A checkpoint that costs a second is due every fifty seconds, and never when the rest of the render takes less time."""
    policy = CheckpointPolicy(10)
    due = []
    for step in range(1, 201):
        if policy.is_due(step, 200, now=float(step)):
            due.append(step)
            policy.record(float(step), cost_seconds=1.0)

    assert due == [11, 61, 111, 161]

    slow = CheckpointPolicy(1)
    assert not slow.is_due(1, 9, now=0.0)
    slow.record(0.0, cost_seconds=2.0)
    assert not slow.is_due(8, 9, now=700.0 / 500.0)
