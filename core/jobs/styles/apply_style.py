"""Apply a style to a request: the prompts in its frame, and its parameters where the request has none of its own."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import FieldError, InvalidRequest
from core.jobs.request.parameters import ModelParameters
from core.jobs.request.render_request import LONGEST_PROMPT, RenderRequest
from core.jobs.styles.prompt_frame import frame_prompt, join_negative_prompts
from core.jobs.styles.style import Style
from core.jobs.styles.style_parameters import SIZES
from core.plain_text import is_blank


@dataclass(frozen=True)
class StyledRequest:
    """A request as it is rendered."""

    request: RenderRequest
    #: Fields that the style has given it, and not the sender.
    added: frozenset[str]
    #: A sentence for what of the style could not be applied.
    warnings: tuple[str, ...] = ()


def apply_style(request: RenderRequest, style: Style, parameters: ModelParameters) -> StyledRequest:
    """Raises InvalidRequest if there is no prompt for the frame, or if a prompt is too long inside it."""
    recipe = style.recipe
    if request.prompt is None or is_blank(request.prompt):
        raise InvalidRequest([FieldError("prompt", f"is required: {style.name} draws it in a style", "required")])
    given = {name for name in request.model_fields_set if getattr(request, name) is not None} | request.extra.keys()
    own_size = given & {*SIZES, "image", "control_image"}
    added = [name for name in recipe.parameters if name not in given and not (own_size and name in SIZES)]
    typed = RenderRequest.model_validate(recipe.parameters)
    values = {name: typed.extra[name] if name in typed.extra else getattr(typed, name) for name in added}

    prompts = {"prompt": frame_prompt(recipe.prompt, request.prompt)}
    warnings = []
    if recipe.negative_prompt and "negative_prompt" in parameters.offered:
        prompts["negative_prompt"] = join_negative_prompts(request.negative_prompt, recipe.negative_prompt)
    elif recipe.negative_prompt:
        warnings.append(f"{parameters.model_id} takes no negative prompt: that of the style {style.name} is left out")
    _check_lengths(prompts, request, style)
    return StyledRequest(request.model_copy(update=values | prompts), frozenset(added), tuple(warnings))


def _check_lengths(prompts: dict[str, str], request: RenderRequest, style: Style) -> None:
    errors = []
    for name, text in prompts.items():
        if len(text) > LONGEST_PROMPT:
            most = LONGEST_PROMPT - (len(text) - len(getattr(request, name) or ""))
            message = (
                f"has {len(text):,} characters with what the style {style.name} adds; at most {most:,} can be sent"
            )
            errors.append(FieldError(name, message, "wrong_length", {"maxLength": most}))
    if errors:
        raise InvalidRequest(errors)
