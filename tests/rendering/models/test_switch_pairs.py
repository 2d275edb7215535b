"""Every two switches together: three jobs in a row are drawn alike through the batcher and can be resumed, or the load is refused."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.models_file import write_section
from core.catalog import load_catalog
from core.errors import InvalidCatalog
from tests.rendering.adapters.tiny_loras import ModelFolder, request
from worker.rendering.checkpoints import Checkpoint
from worker.rendering.drawing import Drawing
from worker.rendering.errors import ModelUnavailable
from worker.rendering.models import LoadedModel, Models
from worker.rendering.models.switches import refuse_switches_together
from worker.rendering.render import RenderedImages, render_images
from worker.rendering.watch_steps import StepEnd

#: The switches by a short name; `lora` is the one that a job turns on.
SWITCHES: dict[str, dict[str, Any]] = {
    "offload-model": {"offload": "model"},
    "offload-group": {"offload": "group"},
    "int8": {"quantisation": "int8"},
    "fp8": {"quantisation": "fp8"},
    "layerwise": {"layerwise_casting": True},
    "channels-last": {"channels_last": True},
    "attention": {"attention_backend": "_native_math"},
    "tiling": {"vae_tiling_above_pixels": 32 * 32},
    "compile": {"compile": "regional"},
    "lora": {},
}

#: The pairs that do not go together, and what the refusal says.
REFUSED = {
    frozenset(pair): reason
    for *pair, reason in (
        ("offload-model", "int8", "offload does not go together with quantisation"),
        ("offload-model", "fp8", "offload does not go together with quantisation"),
        ("offload-group", "int8", "offload does not go together with quantisation"),
        ("offload-group", "fp8", "offload does not go together with quantisation"),
        ("int8", "layerwise", "layerwise_casting and quantisation exclude each other"),
        ("fp8", "layerwise", "layerwise_casting and quantisation exclude each other"),
        ("offload-group", "compile", "compile does not go together with offload"),
        ("layerwise", "compile", "compile does not go together with layerwise_casting"),
        *(
            (name, "lora", "does not go with LoRAs")
            for name in ("offload-model", "offload-group", "int8", "fp8", "layerwise", "compile")
        ),
    )
}

_STEPS = 4


def _differ(one: str, other: str) -> bool:
    return not set(SWITCHES[one]) & set(SWITCHES[other])


PAIRS = [pair for pair in itertools.combinations(SWITCHES, 2) if _differ(*pair)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    """A tiny FLUX, to which every switch applies, a tiny Stable Diffusion 1.5, and a LoRA for each."""
    folder = ModelFolder(tmp_path_factory.mktemp("pairs"), {"flux-dev": "flux-dev", "sd15": "sd15"})
    for family in ("flux-dev", "sd15"):
        folder.make_lora(f"{family}-one", family, seed=1, encoders=family == "sd15")
    return folder


#: Loads a family's model with switches.
Load = Callable[..., LoadedModel]


@pytest.fixture
def load(folder: ModelFolder, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Offloading on a CPU is refused because it is useless; here it moves weights from the CPU to the CPU."""
    monkeypatch.setattr(
        "worker.rendering.models.loading.refuse_impossible_switches",
        lambda entry, _device: refuse_switches_together(entry),
    )
    loaded: list[Models] = []

    def load(family: str, switches: dict[str, Any], *, with_lora: bool) -> LoadedModel:
        section = write_section(family, family) + "".join(
            f"{name} = {_toml(value)}\n" for name, value in switches.items()
        )
        lora = (
            f'[loras."{family}-one"]\nsource = "{family}-one.safetensors"\nmodels = ["{family}"]\n'
            'licence = "Apache-2.0"\ncommercial_use = true\n'
        )
        file: Path = folder.path / "pair.toml"
        file.write_text(section + (lora if with_lora else ""))
        models = Models(load_catalog(file), device="cpu", budget_bytes=2**31)
        loaded.append(models)
        return models.load(family)

    yield load
    for models in loaded:
        models.close()


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if "compile" not in pair], ids="+".join)
def test_two_switches_go_together_or_are_refused(load: Load, pair: tuple[str, str]) -> None:
    """Three equal jobs have equal pictures and the same number of forwards, and one that was stopped is resumed."""
    _check(load, "flux-dev", pair)


@pytest.mark.slow
@pytest.mark.parametrize(
    "pair",
    [pair for pair in PAIRS if not {"compile", "attention"} & {*pair} and frozenset(pair) not in REFUSED],
    ids="+".join,
)
def test_two_switches_go_together_in_a_unet_too(load: Load, pair: tuple[str, str]) -> None:
    """The same with convolutions in the denoiser; attention backends are those of transformers."""
    _check(load, "sd15", pair)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("pair", [pair for pair in PAIRS if "compile" in pair], ids="+".join)
def test_compiling_goes_together_with_a_switch_or_is_refused(load: Load, pair: tuple[str, str]) -> None:
    """The same with the compiler."""
    _check(load, "flux-dev" if "attention" in pair else "sd15", pair)


def _check(load: Load, family: str, pair: tuple[str, str]) -> None:
    switches = SWITCHES[pair[0]] | SWITCHES[pair[1]]
    with_lora = "lora" in pair
    reason = REFUSED.get(frozenset(pair))
    if reason is not None:
        with pytest.raises((ModelUnavailable, InvalidCatalog), match=reason):
            load(family, switches, with_lora=with_lora)
        return

    model = load(family, switches, with_lora=with_lora)
    loras = [(f"{family}-one", 0.8)] if with_lora else []
    scheduler = "ddim" if family == "sd15" else "own"
    wanted = {**request(family, loras, num_inference_steps=_STEPS, scheduler=scheduler), "deterministic": True}
    drawn = [_draw(model, wanted) for _ in range(3)]
    forwards = [len(each.batch_rows) for each in drawn]
    assert forwards == [_STEPS] * 3, "a hook is gone"
    assert all((_pixels(each) == _pixels(drawn[0])).all() for each in drawn)

    resumed = _draw(model, wanted, checkpoint=_stop(model, wanted, after=2))
    assert resumed.resume == "supported"
    assert len(resumed.batch_rows) == _STEPS - 2
    assert (_pixels(resumed) == _pixels(drawn[0])).all()


def _draw(model: LoadedModel, wanted: dict[str, Any], checkpoint: Checkpoint | None = None) -> RenderedImages:
    return render_images(model, Drawing(wanted, seeds=[7]), on_step=lambda _end: None, checkpoint=checkpoint)


class _Stopped(Exception):
    """The worker stops."""


def _stop(model: LoadedModel, wanted: dict[str, Any], *, after: int) -> Checkpoint:
    kept: list[Checkpoint] = []

    def stop(end: StepEnd) -> None:
        if end.step == after:
            kept.append(end.capture())
            raise _Stopped

    with pytest.raises(_Stopped):
        render_images(model, Drawing(wanted, seeds=[7]), on_step=stop)
    return kept[0]


def _pixels(drawn: RenderedImages) -> NDArray[Any]:
    return np.asarray(drawn.images[0])


def _toml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)
