"""Which modules of a pipeline are denoisers: found by what they are, in any class of diffusers."""

from __future__ import annotations

import inspect
import typing
from types import SimpleNamespace
from typing import Any

import diffusers
import pytest
import torch
from diffusers import DiffusionPipeline, ModelMixin
from diffusers.models.controlnets.multicontrolnet import MultiControlNetModel

from bench.tiny_families import FAMILIES
from worker.rendering.batching import Batcher, BatchJob
from worker.rendering.modules.list_denoisers import (
    is_autoencoder,
    list_autoencoders,
    list_denoisers,
    list_other_models,
    list_step_modules,
)

#: diffusers' models that pipelines call once for a job, or not at all. A class that is in neither this list nor the rule is new:
#: read its pipeline, and put it here if the rule is right about it.
CALLED_ONCE = {
    *("AceStepAudioTokenDetokenizer", "AceStepAudioTokenizer", "AceStepConditionEncoder", "CLIPImageProjection"),
    *("ControlNetXSAdapter", "IFWatermarker", "Ideogram4PromptEnhancerHead", "Kandinsky6SRLatentUpscalerBank"),
    *("LTX2DurationHead", "LTX2LatentUpsamplerModel", "LTX2TextConnectors", "LTX2Vocoder", "LTX2VocoderWithBWE"),
    *("LTXLatentUpsamplerModel", "LearnedClassifierFreeSamplingEmbeddings", "MMAudioVocoder", "MotionAdapter"),
    *("MultiAdapter", "ReduxImageEncoder", "ShapERenderer", "StableUnCLIPImageNormalizer", "T2IAdapter"),
    *("UnCLIPTextProjModel", "UniDiffuserTextDecoder", "AudioLDM2ProjectionModel", "StableAudioProjectionModel"),
    "StableAudio3DurationEmbedder",
}

#: A denoiser that takes no noise level, of proteins.
MISSED = {"RFD4ProteinaTransformer"}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_every_model_of_every_pipeline_is_known() -> None:
    """Each model that a constructor of a pipeline asks for is a step module, an autoencoder, or is called once."""
    unknown: dict[str, str] = {}
    for name in dir(diffusers):
        pipeline = getattr(diffusers, name)
        if isinstance(pipeline, type) and issubclass(pipeline, DiffusionPipeline):
            for component, model in _list_models(pipeline):
                if not list_step_modules(_pipeline(model)) and not is_autoencoder(object.__new__(model)):
                    unknown[model.__name__] = f"{component} of {name}"
    assert set(unknown) - CALLED_ONCE == MISSED


@pytest.mark.parametrize(
    ("class_name", "denoisers", "helpers"),
    [
        ("StableDiffusionPipeline", {"unet"}, set()),
        ("StableDiffusionControlNetPipeline", {"unet"}, {"controlnet"}),
        ("StableDiffusionXLAdapterPipeline", {"unet"}, set()),
        ("StableDiffusionControlNetXSPipeline", {"unet"}, set()),
        ("FluxPipeline", {"transformer"}, set()),
        ("FluxPriorReduxPipeline", set(), set()),
        ("WanPipeline", {"transformer", "transformer_2"}, set()),
        ("Ideogram4Pipeline", {"transformer", "unconditional_transformer"}, set()),
        ("KandinskyCombinedPipeline", {"prior_prior", "unet"}, set()),
        ("KandinskyV22CombinedPipeline", {"prior_prior", "unet"}, set()),
        ("StableCascadeCombinedPipeline", {"prior_prior", "decoder"}, set()),
        ("StableCascadePriorPipeline", {"prior"}, set()),
        ("UnCLIPPipeline", {"prior", "decoder", "super_res_first", "super_res_last"}, set()),
        ("StableUnCLIPPipeline", {"prior", "unet"}, set()),
        ("ZImageControlNetPipeline", {"transformer"}, {"controlnet"}),
        ("AmusedPipeline", {"transformer"}, set()),
        ("UniDiffuserPipeline", {"unet"}, set()),
    ],
)
def test_denoisers_have_any_name(class_name: str, denoisers: set[str], helpers: set[str]) -> None:
    """Names are not what decides: whatever a class calls them, its denoisers and ControlNets are found."""
    components: dict[str, Any] = {}
    for name, model in _list_models(getattr(diffusers, class_name)):
        components.setdefault(name, object.__new__(model))
    pipeline = SimpleNamespace(components=components)

    assert set(list_denoisers(pipeline)) == denoisers
    assert set(list_step_modules(pipeline)) == denoisers | helpers


def test_each_of_several_controlnets_is_a_step_module() -> None:
    """A job may use some of them; the object that holds them only adds up what they return."""
    nets = [FAMILIES["sd15-controlnet"].assemble().controlnet for _ in range(2)]
    pipeline = SimpleNamespace(components={"controlnet": MultiControlNetModel(nets)})

    assert list_step_modules(pipeline) == {"controlnet.0": nets[0], "controlnet.1": nets[1]}


def test_what_is_no_denoiser() -> None:
    """Of a whole pipeline, text encoders, the safety checker and the autoencoder are none."""
    pipeline = FAMILIES["sd15"].assemble()

    assert set(list_step_modules(pipeline)) == {"unet"}
    assert set(list_autoencoders(pipeline)) == {"vae"}
    assert list_other_models(pipeline) == {}


class _Nameless(ModelMixin, diffusers.ConfigMixin):  # type: ignore[misc]  # diffusers has no types
    """A denoiser that the rule does not know."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(1))

    def forward(self, sample: torch.Tensor) -> torch.Tensor:
        return sample * self.scale


def test_a_denoiser_that_is_not_batched_is_counted() -> None:
    """A job's calls of a model that the rule does not know are in its account, and its answers are its own."""
    model = _Nameless()
    assert set(list_other_models(SimpleNamespace(components={"denoiser": model}))) == {"denoiser"}
    batcher = Batcher({}, others={"denoiser": model}, name="odd")
    job = BatchJob()
    with batcher.job(job):
        answers = [model(torch.full((1,), float(number))).item() for number in range(3)]
    model(torch.ones(1))
    batcher.close()

    assert answers == [0, 1, 2]
    assert job.calls_apart == {"denoiser": 3}
    assert model._compiled_call_impl is None


def _pipeline(model: type[torch.nn.Module]) -> Any:
    return SimpleNamespace(components={"any": object.__new__(model)})


def _list_models(pipeline: type[DiffusionPipeline]) -> list[tuple[str, type[ModelMixin]]]:
    """The models that the constructor's annotations name, with the argument's name."""
    hints = typing.get_type_hints(pipeline.__init__, vars(inspect.getmodule(pipeline)))
    kinds = [(name, kind) for name, hint in hints.items() for kind in _flatten(hint)]
    return [(name, kind) for name, kind in kinds if isinstance(kind, type) and issubclass(kind, ModelMixin)]


def _flatten(hint: Any) -> list[Any]:
    inner = typing.get_args(hint)
    return [kind for each in inner for kind in _flatten(each)] if inner else [hint]
