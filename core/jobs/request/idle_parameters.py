"""Parameters that a request gives and that do not change what its pipeline computes: rules of diffusers' pipelines."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.catalog import takes_eta
from core.catalog.schedulers import OWN, SCHEDULERS
from core.jobs.request.denoising_steps import count_denoising_steps
from core.jobs.request.number_for_each import list_each
from core.jobs.request.parameters import INPAINTING_TASKS, ModelParameters

#: The guidance of these begins above 0, that of all others above 1.
_GUIDED_FROM_ZERO = ("ZImage", "Krea2")
#: Their `guidance_scale` is an input of the denoiser, which has to be made for it.
_EMBEDDED_GUIDANCE = ("FluxPipeline", "FluxImg2Img", "FluxInpaint", "FluxControl", "FluxKontext", "Flux2Pipeline")
#: The negative prompt of these goes into their prior as well, which has a guidance of its own.
_GUIDED_PRIORS = ("Kandinsky", "StableCascade", "Wuerstchen")
#: Every scale is another one to these: it goes into the denoiser as a number.
_GUIDED_AT_ANY_SCALE = ("LatentConsistency", "SanaSprint", "Ideogram")


@dataclass(frozen=True)
class _Choice:
    """What a request chose: what a rule looks at."""

    parameters: ModelParameters
    #: Every parameter, resolved.
    values: Mapping[str, Any]
    #: Denoising steps that are done.
    steps: int

    def is_class(self, *beginnings: str) -> bool:
        return self.parameters.pipeline_class.startswith(beginnings)

    def get(self, component: str, name: str) -> Any:
        return self.parameters.configuration.get(component, name)

    def default(self, name: str) -> Any:
        own = self.parameters.offered[name].default if name in self.parameters.offered else None
        return self.parameters.defaults.get(name, own)

    @property
    def scale_name(self) -> str:
        # Chroma's inpainting has both, and goes by guidance_scale.
        is_true = "true_cfg_scale" in self.parameters.offered and not self.is_class("Chroma")
        return "true_cfg_scale" if is_true else "guidance_scale"

    @property
    def guided_above(self) -> int:
        return 0 if self.is_class(*_GUIDED_FROM_ZERO) else 1

    @property
    def never_guided(self) -> bool:
        """Whether the model was distilled to do without a second, unconditional forward."""
        return bool(self.get("unet", "time_cond_proj_dim")) or bool(self.get("", "is_distilled"))

    def why_unguided(self) -> str | None:
        """Why there is no second forward for a negative prompt; None if there is one."""
        name = self.scale_name
        if self.never_guided:
            return "with this model, which is distilled"
        if self.is_class(*_GUIDED_PRIORS) and "prior_guidance_scale" in self.parameters.offered:
            return self._why_stages_are_unguided()
        if name in self.values and self.values[name] <= self.guided_above:
            return f"at a {name} of {self.guided_above} or less"
        if name == "true_cfg_scale" and not self.values.get("negative_prompt"):
            return "without a negative_prompt"
        return None

    def _why_stages_are_unguided(self) -> str | None:
        names = ("prior_guidance_scale", "decoder_guidance_scale", "guidance_scale")
        offered = [name for name in names if name in self.parameters.offered]
        if any(self.values.get(name, self.default(name)) > 1 for name in offered):
            return None
        return f"at a {' and a '.join(offered)} of 1 or less"


#: The reason why a given parameter has no effect; None if it has one.
_Rule = Callable[[_Choice], str | None]


def list_idle(
    values: Mapping[str, Any], given: Collection[str], parameters: ModelParameters, *, steps: int
) -> Iterator[str]:
    """A warning for each parameter of `given` (what the request itself names) that has no effect beside the other `values`.

    A parameter with its default value has no warning. What is not known of the model decides nothing.
    """
    choice = _Choice(parameters, values, steps)
    for name, rule in _RULES.items():
        if name in given and name in values and values[name] != choice.default(name):
            reason = rule(choice)
            if reason is not None:
                yield f"{name} has no effect {reason}"
    for lora in values.get("loras", ()):
        if lora["scale"] == 0:
            yield f"the LoRA {lora['id']} has no effect at a scale of 0"


def _guidance_scale(choice: _Choice) -> str | None:
    if choice.is_class(*_EMBEDDED_GUIDANCE, "QwenImage"):
        embeds = choice.get("transformer", "guidance_embeds")
        return "with this model, which does not take guidance" if embeds is False else None
    return _scale("guidance_scale", choice) if choice.scale_name == "guidance_scale" else None


def _scale(name: str, choice: _Choice) -> str | None:
    if choice.get("", "is_distilled"):
        return "with this model, which is distilled"
    least = choice.guided_above
    default = choice.default(name)
    if choice.is_class(*_GUIDED_AT_ANY_SCALE) or default is None:
        return None
    both_off = max(choice.values[name], default) <= least
    return f"at {least} or less: the default, {default:g}, is without guidance too" if both_off else None


def _true_cfg_scale(choice: _Choice) -> str | None:
    if choice.scale_name != "true_cfg_scale":
        return "beside guidance_scale, which this pipeline goes by"
    if not choice.values.get("negative_prompt"):
        return "without a negative_prompt"
    return _scale("true_cfg_scale", choice)


def _unguided(choice: _Choice) -> str | None:
    return choice.why_unguided()


def _negative_prompt_2(choice: _Choice) -> str | None:
    reason = choice.why_unguided()
    # SDXL puts zeros in the place of all negative prompts if there is no first one, unless the model says otherwise.
    zeros = choice.is_class("StableDiffusionXL") and choice.get("", "force_zeros_for_empty_prompt") is not False
    if reason is None and zeros and not choice.values.get("negative_prompt"):
        return "without a negative_prompt"
    return reason or _no_reader("negative_prompt_2", choice)


def _eta(choice: _Choice) -> str | None:
    name = choice.values["scheduler"]
    scheduler_class = choice.get("scheduler", "_class_name") if name == OWN else SCHEDULERS[name].class_name
    if scheduler_class is None:
        return None
    if not takes_eta(scheduler_class):
        return f"with the scheduler {name}"
    # It is noise between two steps; DDIM adds it to the last one too if that does not end at the picture itself.
    ends_at_picture = scheduler_class != "DDIMScheduler" or choice.get("scheduler", "set_alpha_to_one") is not False
    return "when one step is done" if choice.steps == 1 and ends_at_picture else None


def _strength(choice: _Choice) -> str | None:
    """Of a strength a pipeline uses the number of steps, and some use for inpainting whether it is 1."""
    rounding, total, default = (
        choice.parameters.step_rounding,
        choice.values.get("num_inference_steps"),
        choice.default("strength"),
    )
    if rounding == "all" or total is None or default is None:
        return None
    starts_from_noise = choice.parameters.task in INPAINTING_TASKS and choice.is_class("StableDiffusion")
    if starts_from_noise and 1 in {default, choice.values["strength"]}:
        return None
    done = count_denoising_steps(total, choice.values["strength"], rounding)
    same = count_denoising_steps(total, default, rounding) == done
    return f"here: {done} of {total} steps are done, as at the default, {default:g}" if same else None


def _original_inference_steps(choice: _Choice) -> str | None:
    usual = choice.get("scheduler", "original_inference_steps") or 50
    strength = choice.values.get("strength", 1.0)
    trained = choice.get("scheduler", "num_train_timesteps") or 1000
    given, left_out = (
        _list_lcm_timesteps(choice.values["num_inference_steps"], original, strength, trained)
        for original in (choice.values["original_inference_steps"], usual)
    )
    return f"here: the steps are those of {usual}, the model's own" if given and given == left_out else None


def _list_lcm_timesteps(steps: int, original: int, strength: float, trained: int) -> list[int]:
    """The timesteps that LCM's scheduler takes (Luo et al. 2023, arXiv 2310.04378, algorithm 3, as diffusers does it)."""
    schedule = [number * (trained // original) - 1 for number in range(1, int(original * strength) + 1)][::-1]
    return [schedule[number * len(schedule) // steps] for number in range(steps)] if len(schedule) >= steps else []


def _prompt_of(name: str) -> _Rule:
    return lambda choice: _no_reader(name, choice)


def _no_reader(name: str, choice: _Choice) -> str | None:
    stem, number = name.rsplit("_", 1)
    if choice.parameters.configuration.is_without(f"text_encoder_{number}"):
        return f"with this model, which has no text_encoder_{number}"
    if choice.values[name] in {"", choice.values.get(stem)}:
        return f"when it is empty: {stem} takes its place" if not choice.values[name] else f"when it equals {stem}"
    return None


def _aesthetics(choice: _Choice) -> str | None:
    if not choice.get("", "requires_aesthetics_score"):
        return "with this model, which does not take scores" if choice.parameters.configuration.components else None
    return None


def _control(choice: _Choice) -> str | None:
    scales = list_each(choice.values, "controlnet_conditioning_scale", 1.0)
    return None if any(scales) else "at a controlnet_conditioning_scale of 0"


def _class_labels(choice: _Choice) -> str | None:
    configuration = choice.parameters.configuration
    is_known = "unet" in configuration.components or "transformer" in configuration.components
    return "with this model, which has no classes" if is_known and configuration.most_class_label is None else None


_RULES: dict[str, _Rule] = {
    "guidance_scale": _guidance_scale,
    "true_cfg_scale": _true_cfg_scale,
    "negative_prompt": _unguided,
    "negative_prompt_2": _negative_prompt_2,
    "negative_prompt_3": lambda choice: choice.why_unguided() or _no_reader("negative_prompt_3", choice),
    "prompt_2": _prompt_of("prompt_2"),
    "prompt_3": _prompt_of("prompt_3"),
    "eta": _eta,
    "strength": _strength,
    "original_inference_steps": _original_inference_steps,
    **dict.fromkeys(("guidance_rescale", "cfg_normalization", "cfg_truncation", "cfg_trunc_ratio"), _unguided),
    **dict.fromkeys(
        ("skip_layer_guidance_scale", "skip_layer_guidance_start", "skip_layer_guidance_stop"),
        lambda _choice: "without skip_guidance_layers, which a request cannot set",
    ),
    "aesthetic_score": _aesthetics,
    "negative_aesthetic_score": lambda choice: choice.why_unguided() or _aesthetics(choice),
    **dict.fromkeys(("control_guidance_start", "control_guidance_end", "guess_mode", "control_mode"), _control),
    "class_labels": _class_labels,
    "ip_adapter_image": lambda choice: (
        "at an ip_adapter_scale of 0" if choice.values.get("ip_adapter_scale") == 0 else None
    ),
    "clip_skip": lambda choice: "at 0: no layer is left out" if choice.values["clip_skip"] == 0 else None,
}
