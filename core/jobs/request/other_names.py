"""What a field of other systems is called here: of AUTOMATIC1111, ComfyUI, OpenAI, Replicate, fal, Stability, Runware and others.

The usual aliases (`steps`, `cfg_scale`, `n`) are fields of the request, and not among these.
"""

from __future__ import annotations

from functools import cache

from core.jobs.request.parameters import list_names
from core.jobs.request.render_request import RenderRequest

#: Names of other systems by our field.
_NAMES: dict[str, tuple[str, ...]] = {
    "prompt": ("text", "text_prompt", "text_prompts", "positive_prompt", "positive", "inputs"),
    "negative_prompt": ("negative", "uc", "neg_prompt"),
    "model": (
        *("model_id", "model_name", "checkpoint", "ckpt_name", "sd_model_checkpoint", "version"),
        "override_settings",
    ),
    "num_inference_steps": ("sample_steps", "sampling_steps", "num_steps", "inference_steps", "ddim_steps"),
    "guidance_scale": ("cfg", "guidance", "scale", "cfg_guidance"),
    "scheduler": ("sampler_name", "sampler", "sampler_index", "scheduler_name", "sampling_method"),
    "num_images": (
        *("batch_size", "n_iter", "num_images_per_prompt", "number_results", "samples", "batch_count", "image_count"),
        "number_of_images",
    ),
    "seed": ("seeds", "noise_seed", "subseed", "random_seed"),
    "size": ("image_size", "resolution", "dimensions"),
    "aspect_ratio": ("ratio", "image_aspect_ratio"),
    "output_format": ("format", "image_format", "output_type", "response_format"),
    "output_quality": ("output_compression", "compression", "jpeg_quality", "image_quality"),
    "image": (
        *("init_images", "image_url", "image_urls", "images", "input_image", "input_images", "source_image"),
        *("seed_image", "image_prompt", "init_img", "input_urls"),
    ),
    "mask_image": ("mask_url", "mask_image_url", "inpaint_mask"),
    "control_image": ("control_image_url", "controlnet_image", "control_images"),
    "style": ("style_preset", "style_type", "style_name", "preset"),
    "controlnets": ("controlnet", "control_net", "control_nets"),
    "controlnet_conditioning_scale": ("controlnet_scale", "control_strength", "control_scale", "conditioning_scale"),
    "ip_adapter_image": ("reference_image", "reference_images", "style_image"),
    "strength": ("denoising_strength", "image_strength", "denoise", "image_denoise"),
    "mask_feather": ("mask_blur", "feather"),
    "expand": ("outpaint", "extend"),
    "clip_skip": ("clip_stop_at_last_layers", "CLIP_stop_at_last_layers"),
    "loras": ("lora", "lora_weights", "lora_scale", "lora_urls", "hf_lora"),
    "webhook": (
        *("webhook_url", "webhook_completed", "webhook_events", "webhook_events_filter", "callback_url", "fal_webhook"),
        "notification_url",
    ),
    "metadata": ("user", "user_id", "tags", "custom_id", "task_uuid"),
    "deadline_seconds": ("timeout", "ttl", "execution_timeout", "cancel_after"),
    "retention_seconds": ("expires_after", "output_expires_after", "expiration_duration_seconds"),
    "store": ("store_io", "save_images", "save_output"),
}

#: What such a field asks for, if no field of ours is the same.
_EXPLANATIONS: dict[str, str] = {
    **dict.fromkeys(
        ("enable_safety_checker", "disable_safety_checker", "safety_checker", "safety_tolerance", "moderation", "nsfw"),
        "is not chosen by a request: a model's own safety checker always looks at its images, unless the operator loads the "
        "model without one",
    ),
    **dict.fromkeys(
        ("sync_mode", "sync", "wait", "async"),
        "is not a field here: the answer comes at once with the job, and the header `Prefer: wait=30` waits for its end",
    ),
    "stream": "is not a field here: `urls.events` of the job is its stream of events",
    "quality": "is not a field here: `num_inference_steps` is how much is drawn, and `output_quality` how a JPEG or WebP is stored",
    "background": "is not a field here: say it in `prompt`; the images have no transparency",
}

#: No name here is longer.
_LONGEST_NAME = 64


def find_other_name(name: str) -> str | None:
    """What to tell the sender of a field of another system, however its words are joined; None if it is not known."""
    if len(name) > _LONGEST_NAME:
        return None
    plain = _join_words(name)
    ours = _our_names().get(plain)
    return f"here it is called `{ours}`" if ours else _explained().get(plain)


def _join_words(name: str) -> str:
    """`negative_prompt`, `negative-prompt` and `negativePrompt` are one name."""
    return name.replace("_", "").replace("-", "").lower()


@cache
def _our_names() -> dict[str, str]:
    others = {_join_words(other): ours for ours, names in _NAMES.items() for other in names}
    return others | {_join_words(name): field for field in RenderRequest.model_fields for name in list_names(field)}


@cache
def _explained() -> dict[str, str]:
    return {_join_words(name): message for name, message in _EXPLANATIONS.items()}
