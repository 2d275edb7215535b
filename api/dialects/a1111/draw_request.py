"""What `txt2img` and `img2img` ask for, in the words of `POST /v1/jobs`."""

from __future__ import annotations

import re
from typing import Any

from core.errors import FieldError, InvalidRequest
from core.pictures.sampler_names import find_scheduler

#: How errors name the fields that are called otherwise there.
SENT_AS = {
    "num_inference_steps": "steps",
    "guidance_scale": "cfg_scale",
    "scheduler": "sampler_name",
    "num_images": "batch_size",
    "model": "override_settings.sd_model_checkpoint",
    "clip_skip": "override_settings.CLIP_stop_at_last_layers",
    "strength": "denoising_strength",
    "image": "init_images",
    "mask_image": "mask",
    "mask_feather": "mask_blur",
    "style": "styles",
    "loras": "prompt",
}

#: By field of A1111's that nothing here does: the values with which it does nothing there either. Any other is refused.
_OFF: dict[str, tuple[Any, ...]] = {
    "enable_hr": (False,),
    "restore_faces": (False,),
    "tiling": (False,),
    "subseed_strength": (0,),
    "script_name": ("",),
    "resize_mode": (0,),
    "inpainting_mask_invert": (0,),
    "refiner_checkpoint": ("", "None"),
}

#: Fields that say how it draws or stores inside, and that clients send with every call: they change nothing here.
_INSIDE = frozenset(
    {
        *("eta", "s_churn", "s_tmax", "s_tmin", "s_noise", "s_min_uncond", "subseed", "seed_resize_from_h"),
        *("seed_resize_from_w", "hr_scale", "hr_upscaler", "hr_second_pass_steps", "hr_resize_x", "hr_resize_y"),
        *("hr_checkpoint_name", "hr_sampler_name", "hr_scheduler", "hr_prompt", "hr_negative_prompt"),
        *("firstphase_width", "firstphase_height", "do_not_save_samples", "do_not_save_grid", "save_images"),
        *("override_settings_restore_afterwards", "script_args", "send_images", "comments", "sampler_index"),
        *("disable_extra_networks", "refiner_switch_at", "infotext", "image_cfg_scale", "inpainting_fill"),
        *("inpaint_full_res", "inpaint_full_res_padding", "initial_noise_multiplier", "include_init_images"),
        *("mask_blur_x", "mask_blur_y", "latent_mask", "mask_round", "force_task_id"),
    }
)

#: `<lora:name:0.8>` in a prompt.
_LORA = re.compile(r"<lora:([^:>]+)(?::(-?[0-9.]+))?[^>]*>")

#: Behind a checkpoint's name: its hash, and its file's kind.
_CHECKPOINT_END = re.compile(r"(\.safetensors|\.ckpt)?( \[[0-9a-f]+\])?$")

_OVERRIDES = frozenset({"sd_model_checkpoint", "CLIP_stop_at_last_layers"})

#: The label of jobs that come this way: `progress` and `interrupt` are about these.
METADATA = {"dialect": "a1111"}


def read_draw_request(body: dict[str, Any], *, has_image: bool) -> dict[str, Any]:
    """The fields of a job. What is none of A1111's fields is one of ours. Raises InvalidRequest."""
    sent = {name: value for name, value in body.items() if value is not None and name not in _INSIDE}
    errors = [
        FieldError(name, "is not done here: leave it out", "not_allowed")
        for name, off in _OFF.items()
        if sent.pop(name, off[0]) not in off
    ]
    scripts = sent.pop("alwayson_scripts", {})
    for name, script in _read_object(scripts, "alwayson_scripts").items():
        if not isinstance(script, dict) or any(each not in (False, None) for each in _as_list(script.get("args"))):
            errors.append(FieldError(f"alwayson_scripts.{name}", "is not done here: leave it out", "not_allowed"))
    overrides = sent.pop("override_settings", {})
    styles = sent.pop("styles", [])
    if not isinstance(styles, list) or len(styles) > 1:
        errors.append(FieldError("styles", "must be a list of one style at most", "wrong_length"))
    errors += [
        FieldError(name, "must be a text", "wrong_type")
        for name in ("sampler_name", "scheduler", "sampler_index")
        if not isinstance(body.get(name) or "", str)
    ]
    size, times = sent.pop("batch_size", 1), sent.pop("n_iter", 1)
    errors += [
        FieldError(name, "must be an integer", "wrong_type")
        for name, value in (("batch_size", size), ("n_iter", times))
        if type(value) is not int
    ]
    if errors:
        raise InvalidRequest(errors)
    prompt, loras = _take_loras(sent.pop("prompt", ""))
    fields = {
        "prompt": prompt,
        "loras": loras or None,
        "negative_prompt": sent.pop("negative_prompt", None) or None,
        "seed": None if sent.get("seed") == -1 else sent.get("seed"),
        "num_images": size * times,
        "num_inference_steps": sent.pop("steps", None),
        "guidance_scale": sent.pop("cfg_scale", None),
        "scheduler": find_scheduler(
            sent.pop("sampler_name", None) or body.get("sampler_index"), sent.pop("scheduler", None)
        ),
        "style": styles[0] if styles else None,
        "metadata": METADATA | _read_object(sent.pop("metadata", {}), "metadata"),
        **_read_overrides(_read_object(overrides, "override_settings")),
    }
    sent.pop("seed", None)
    strength, blur = sent.pop("denoising_strength", None), sent.pop("mask_blur", None)
    if has_image:
        images, mask = sent.pop("init_images", None) or [], sent.pop("mask", None)
        fields |= {
            "image": images[0] if isinstance(images, list) and len(images) == 1 else images or None,
            "strength": 0.75 if strength is None else strength,
            "mask_image": mask,
            "mask_feather": blur if mask is not None else None,
        }
    return sent | fields


def _take_loras(prompt: Any) -> tuple[Any, list[dict[str, Any]]]:
    if not isinstance(prompt, str):
        return prompt, []
    loras = [{"id": found[1], **({"scale": float(found[2])} if found[2] else {})} for found in _LORA.finditer(prompt)]
    return _LORA.sub("", prompt).strip(), loras


def _read_overrides(overrides: dict[str, Any]) -> dict[str, Any]:
    model, skip = overrides.get("sd_model_checkpoint"), overrides.get("CLIP_stop_at_last_layers")
    if other := [name for name in overrides if name not in _OVERRIDES]:
        raise InvalidRequest(
            [FieldError(f"override_settings.{other[0]}", "is not done here: leave it out", "not_allowed")]
        )
    return {
        "model": _CHECKPOINT_END.sub("", model) if isinstance(model, str) else model,
        # There 1 is all layers.
        "clip_skip": (skip - 1 or None) if type(skip) is int else skip,
    }


def _read_object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidRequest([FieldError(name, "must be an object", "wrong_type")])
    return value


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
