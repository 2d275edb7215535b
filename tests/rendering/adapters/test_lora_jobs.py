"""Jobs with LoRAs beside other jobs: batching, swapping, resuming, and bad files."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.rendering.adapters.tiny_loras import Loras, ModelFolder, Render, difference, request
from worker.rendering.checkpoints import Checkpoint
from worker.rendering.errors import CheckpointRefused, ModelUnavailable, describe_failure
from worker.rendering.models import Models
from worker.rendering.watch_steps import StepEnd

PLAIN: Loras = ()
ONE: Loras = (("sd15-one", 1.0),)
BOTH: Loras = (("sd15-one", 0.6), ("sd15-two", -0.4))


class Stopped(Exception):
    """The worker stops."""


@pytest.fixture(scope="module")
def many(model_folder: ModelFolder) -> list[str]:
    """Ids of five small LoRAs."""
    ids = [f"many-{number}" for number in range(5)]
    for number, id_ in enumerate(ids):
        model_folder.make_lora(id_, "sd15", seed=10 + number, encoders=number % 2 == 0)
    return ids


@pytest.fixture
def few_kept(model_folder: ModelFolder, many: Sequence[str]) -> Iterator[Models]:
    """A worker that keeps two LoRAs for each model."""
    models = model_folder.open({id_: ["sd15"] for id_ in many}, most_kept=2)
    yield models
    models.close()


def draw_together(models: Models, wanted: Sequence[dict[str, Any]]) -> list[Render]:
    """All at once: none takes its second step before every one has taken its first."""
    met = threading.Barrier(len(wanted), timeout=60)

    def draw(each: dict[str, Any]) -> Render:
        return Render(models, "sd15", each, on_step=lambda end: met.wait() if end.step == 1 else None)

    with ThreadPoolExecutor(len(wanted)) as threads:
        return list(threads.map(draw, wanted))


def test_jobs_with_the_same_loras_share_forwards(models: Models) -> None:
    """Twelve jobs with two sets and with none, together: each draws the picture that it draws alone, within 1e-4 of the
    range, and none is in a forward with more rows than the jobs of its set have.
    """
    wanted = [
        request("sd15", (PLAIN, ONE, BOTH)[place % 3], prompt=f"mug number {place}", num_inference_steps=4 + place // 3)
        for place in range(12)
    ]
    alone = [Render(models, "sd15", each) for each in wanted]
    own_rows = max(alone[0].job.batch_rows)

    together = draw_together(models, wanted)

    for one, other in zip(alone, together, strict=True):
        assert difference(one.latents, other.latents) <= 1e-4
        assert max(other.job.batch_rows) > own_rows
        assert max(other.job.batch_rows) <= 4 * own_rows
    assert {drawing.job.adapters for drawing in together} == {drawing.job.adapters for drawing in alone}
    assert len({drawing.job.adapters for drawing in together}) == 3


def test_the_order_in_a_request_does_not_keep_jobs_apart(models: Models) -> None:
    """The same LoRAs named in another order are the same set."""
    one, other = (Render(models, "sd15", request("sd15", loras)) for loras in (BOTH, tuple(reversed(BOTH))))

    assert one.job.adapters == other.job.adapters
    assert one.latents.equal(other.latents)


def test_loras_come_and_go_while_others_render(few_kept: Models, many: Sequence[str]) -> None:
    """Three LoRAs take turns, of which two stay in memory, beside plain jobs all the time: every picture is the one that is
    drawn alone, and the model is loaded once.
    """
    wanted = [request("sd15", [(id_, 1.0)], deterministic=True) for id_ in many[:3]]
    plain = request("sd15", num_inference_steps=10, deterministic=True)
    alone = [Render(few_kept, "sd15", each).latents for each in wanted]
    plain_alone = Render(few_kept, "sd15", plain).latents
    model = few_kept.load("sd15")
    ended = threading.Event()

    def draw_plain_ones() -> list[torch.Tensor]:
        drawn = []
        while not ended.is_set():
            drawn.append(Render(few_kept, "sd15", plain).latents)
        return drawn

    with ThreadPoolExecutor(2) as threads:
        plain_ones = threads.submit(draw_plain_ones)
        try:
            for _ in range(2):
                for each, expected in zip(wanted, alone, strict=True):
                    assert Render(few_kept, "sd15", each).latents.equal(expected)
                    assert model.adapters.resident <= 2
        finally:
            ended.set()

    assert len(plain_ones.result()) > 1
    assert all(latents.equal(plain_alone) for latents in plain_ones.result())
    assert few_kept.load("sd15") is model


def test_the_modules_can_be_iterated_over_during_changes(few_kept: Models, many: Sequence[str]) -> None:
    """An iteration over the model's modules, as pipelines do to find their device, survives LoRAs that come and go."""
    model = few_kept.load("sd15")
    Render(few_kept, "sd15", request("sd15", [(many[0], 1.0)]))
    walk = model.pipeline.unet.named_modules()
    adapted = next(name for name, _ in walk if name.endswith("to_q.lora_A"))
    assert next(walk)[0].startswith(adapted)

    Render(few_kept, "sd15", request("sd15", [(many[1], 1.0)]))

    assert len(list(walk)) > 10


def test_what_is_in_use_stays(few_kept: Models, many: Sequence[str]) -> None:
    """A job with more LoRAs than are kept draws with all of them; the surplus is evicted when the next one is loaded."""
    model = few_kept.load("sd15")

    Render(few_kept, "sd15", request("sd15", [(id_, 0.3) for id_ in many[:4]]))
    assert model.adapters.resident == 4

    Render(few_kept, "sd15", request("sd15", [(many[4], 1.0)]))
    assert model.adapters.resident == 2


def test_memory_comes_back(few_kept: Models, many: Sequence[str]) -> None:
    """After all LoRAs have been in use, the model holds its own weights and those of the kept LoRAs, and no more."""
    model = few_kept.load("sd15")
    unet: Any = model.pipeline.unet
    names = set(unet.state_dict())

    for id_ in many:
        Render(few_kept, "sd15", request("sd15", [(id_, 1.0)]))
    assert len({name.split(".")[-2] for name in unet.state_dict() if ".lora_A." in name}) == 2

    model.adapters.unload_all()
    assert set(unet.state_dict()) == names


def break_file(folder: Path, kind: str) -> None:
    """Write a bad file of that kind to `bad.safetensors`."""
    bad = folder / "bad.safetensors"
    bad.unlink(missing_ok=True)
    good = folder / "sd15-one.safetensors"
    match kind:
        case "missing":
            pass
        case "cut off":
            bad.write_bytes(good.read_bytes()[:5000])
        case "a pickle":
            bad.write_bytes(pickle.dumps({"unet.x.lora_A.weight": [1.0]}))
        case "no LoRA":
            save_file({"unet.conv_in.weight": torch.zeros(1)}, bad)
        case "of SDXL":
            bad.write_bytes((folder / "sdxl-one.safetensors").read_bytes())
        case "of FLUX":
            bad.write_bytes((folder / "flux-dev-one.safetensors").read_bytes())
        case "of another size":
            save_file({name: torch.cat([value, value], dim=-1) for name, value in load_file(good).items()}, bad)
        case "half of another":
            strange = {f"unet.nowhere.{n}.lora_{m}.weight": torch.zeros(4, 4) for n in range(3) for m in "AB"}
            save_file({**load_file(good), **strange}, bad)


@pytest.fixture(scope="module")
def beside_a_bad_one(model_folder: ModelFolder) -> Iterator[Models]:
    """A model with a good LoRA, and one whose file the test breaks."""
    models = model_folder.open({"bad": ["sd15"], "sd15-one": ["sd15"]})
    yield models
    models.close()


@pytest.mark.parametrize(
    "kind",
    ["missing", "cut off", "a pickle", "no LoRA", "of SDXL", "of FLUX", "of another size", "half of another"],
)
def test_a_bad_file_fails_its_own_job(beside_a_bad_one: Models, model_folder: ModelFolder, kind: str) -> None:
    """The failure is model_unavailable and names the LoRA, at every try; the model draws as before, also with good LoRAs."""
    models = beside_a_bad_one
    break_file(model_folder.path, kind)
    before = Render(models, "sd15", request("sd15", PLAIN))
    good = Render(models, "sd15", request("sd15", ONE))

    for _ in range(2):
        with pytest.raises(ModelUnavailable, match="'bad'") as caught:
            Render(models, "sd15", request("sd15", [("sd15-one", 1.0), ("bad", 1.0)]))
        assert describe_failure(caught.value).code == "model_unavailable"

    assert Render(models, "sd15", request("sd15", PLAIN)).latents.equal(before.latents)
    assert Render(models, "sd15", request("sd15", ONE)).latents.equal(good.latents)


def test_a_flux_lora_cannot_write_over_the_model(model_folder: ModelFolder) -> None:
    """Files for which diffusers would widen FLUX's layers, or overwrite its norms, are refused, and the model is unchanged."""
    good = load_file(model_folder.path / "flux-dev-one.safetensors")
    wide = "transformer.x_embedder.lora_{}.weight"
    strange = {
        "bad-wide": {wide.format("A"): torch.randn(4, 512), wide.format("B"): torch.randn(32, 4)},
        "bad-norm": {"transformer.transformer_blocks.0.attn.norm_q.weight": torch.randn(16)},
    }
    for id_, weights in strange.items():
        save_file({**good, **weights}, model_folder.path / f"{id_}.safetensors")
    models = model_folder.open({id_: ["flux-dev"] for id_ in strange})
    before = Render(models, "flux-dev", request("flux-dev"))

    for id_ in strange:
        with pytest.raises(ModelUnavailable, match=id_):
            Render(models, "flux-dev", request("flux-dev", [(id_, 1.0)]))

    assert Render(models, "flux-dev", request("flux-dev")).latents.equal(before.latents)
    models.close()


def test_a_job_with_loras_can_be_resumed(models: Models, model_folder: ModelFolder) -> None:
    """Resumed from a checkpoint, in a model that has loaded the LoRAs again, it draws the same picture bit for bit; with
    another scale, or another file of the LoRA's name, the checkpoint is refused.
    """
    wanted = request("sd15", BOTH, deterministic=True)
    whole = Render(models, "sd15", wanted)
    kept: list[Checkpoint] = []

    def stop(end: StepEnd) -> None:
        if end.step == 2:
            kept.append(end.capture())
            raise Stopped

    with pytest.raises(Stopped):
        Render(models, "sd15", wanted, on_step=stop)
    models.load("sd15").adapters.unload_all()

    rest = Render(models, "sd15", wanted, checkpoint=Checkpoint.from_bytes(kept[0].to_bytes()))

    assert rest.latents.equal(whole.latents)
    assert rest.rendered.earlier_steps == 2
    other = request("sd15", (("sd15-one", 0.6), ("sd15-two", 0.4)), deterministic=True)
    with pytest.raises(CheckpointRefused):
        Render(models, "sd15", other, checkpoint=kept[0])
    content = (model_folder.path / "sd15-two.safetensors").read_bytes()
    try:
        model_folder.make_lora("sd15-two", "sd15", seed=99)
        with pytest.raises(CheckpointRefused):
            Render(models, "sd15", wanted, checkpoint=kept[0])
    finally:
        (model_folder.path / "sd15-two.safetensors").write_bytes(content)
