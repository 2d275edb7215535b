"""What schedulers are called in infotexts, and by programs that write them: AUTOMATIC1111's names, and ours."""

from __future__ import annotations

#: By our name, A1111's sampler and its schedule type.
SAMPLERS: dict[str, tuple[str, str]] = {
    "ddim": ("DDIM", "Automatic"),
    "ddpm": ("DDPM", "Automatic"),
    "deis": ("DEIS", "Automatic"),
    "dpmpp_2m": ("DPM++ 2M", "Automatic"),
    "dpmpp_2m_karras": ("DPM++ 2M", "Karras"),
    "dpmpp_2m_sde": ("DPM++ 2M SDE", "Automatic"),
    "dpmpp_2m_sde_karras": ("DPM++ 2M SDE", "Karras"),
    "dpmpp_2s": ("DPM++ 2S a", "Automatic"),
    "euler": ("Euler", "Automatic"),
    "euler_karras": ("Euler", "Karras"),
    "euler_ancestral": ("Euler a", "Automatic"),
    "heun": ("Heun", "Automatic"),
    "kdpm2": ("DPM2", "Automatic"),
    "kdpm2_ancestral": ("DPM2 a", "Automatic"),
    "lcm": ("LCM", "Automatic"),
    "pndm": ("PLMS", "Automatic"),
    "tcd": ("TCD", "Automatic"),
    "unipc": ("UniPC", "Automatic"),
}

#: Schedule types that leave the choice to the sampler.
_AUTOMATIC = {"", "automatic", "uniform"}


def find_scheduler(sampler: str | None, schedule_type: str | None) -> str | None:
    """Our name of a sampler of A1111's, which old clients write with its schedule type in one (`DPM++ 2M Karras`). What is none of its
    names is taken for one of ours; None: the model's own choice.
    """
    if not sampler or sampler == "Automatic":
        return None
    schedule = "" if (schedule_type or "").lower() in _AUTOMATIC else f" {schedule_type}".lower()
    wanted = f"{sampler.lower()}{schedule}"
    names = {f"{name} {kind}".lower().removesuffix(" automatic"): ours for ours, (name, kind) in SAMPLERS.items()}
    return names.get(wanted) or f"{sampler}{schedule.replace(' ', '_')}"


def name_sampler(scheduler: str) -> str:
    """A1111's name of a scheduler of ours, schedule type and all; ours, where it has none."""
    name, kind = SAMPLERS.get(scheduler, (scheduler, "Automatic"))
    return name if kind == "Automatic" else f"{name} {kind}"
