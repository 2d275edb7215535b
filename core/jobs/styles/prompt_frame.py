"""What a style makes of the prompts that were sent. Pure functions."""

from __future__ import annotations

#: Where the prompt that was sent stands in a frame.
PLACE = "{prompt}"


def check_frame(frame: str) -> str:
    """Returns the frame. Raises ValueError if the prompt has no place in it, or more than one."""
    if frame.count(PLACE) != 1:
        raise ValueError(f"must have {PLACE} in it once, where the prompt of a request goes")
    return frame


def frame_prompt(frame: str, prompt: str) -> str:
    """The prompt inside the frame, without the blanks around it. Braces in a prompt are its own."""
    before, _, after = frame.partition(PLACE)
    return f"{before}{prompt.strip()}{after}"


def join_negative_prompts(sent: str | None, own: str) -> str:
    """What was sent comes first: an encoder that cuts something off cuts what is last."""
    return ", ".join(part for part in ((sent or "").strip().rstrip(","), own) if part)
