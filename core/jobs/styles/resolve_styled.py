"""Resolve a request with its style: what is rendered, and what the job shows of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.catalog import Catalog
from core.errors import FieldError, InvalidRequest
from core.jobs.request.collect_errors import find_base
from core.jobs.request.render_request import RenderRequest
from core.jobs.request.resolve_request import ResolvedRequest, get_parameters, resolve_request
from core.jobs.styles.apply_style import StyledRequest, apply_style
from core.jobs.styles.rendered_prompts import KeptPrompts, put_back_sent, take_out_rendered
from core.jobs.styles.style import Style


@dataclass(frozen=True)
class ResolvedJob:
    """A request with nothing left to choose, and with the prompts that were sent."""

    resolved: ResolvedRequest
    #: By field, the prompts in the style's frame; None: without a style they are those of the request.
    rendered_prompts: dict[str, str] | None = None


def resolve_styled(
    request: RenderRequest,
    style: Style | KeptPrompts | None,
    *,
    catalog: Catalog,
    default_model: str,
    input_sizes: Mapping[str, tuple[int, int]],
) -> ResolvedJob:
    """Raises InvalidRequest naming each field that the model cannot serve: `style` for what the style itself has set."""
    if style is None:
        return ResolvedJob(
            resolve_request(request, catalog=catalog, default_model=default_model, input_sizes=input_sizes)
        )
    styled = style_request(request, style, catalog=catalog, default_model=default_model)
    try:
        resolved = resolve_request(
            styled.request, catalog=catalog, default_model=default_model, input_sizes=input_sizes
        )
    except InvalidRequest as found:
        raise InvalidRequest([_name_style(error, style, styled) for error in found.errors]) from None
    shown = replace(
        resolved,
        parameters=put_back_sent(resolved.parameters, dict(request)),
        warnings=[*resolved.warnings, *styled.warnings],
    )
    return ResolvedJob(shown, take_out_rendered(resolved.parameters))


def style_request(
    request: RenderRequest, style: Style | KeptPrompts, *, catalog: Catalog, default_model: str
) -> StyledRequest:
    """The request as it is rendered. Raises InvalidRequest, with all that is wrong beside the style if that cannot be applied."""
    if isinstance(style, KeptPrompts):
        return StyledRequest(request.model_copy(update=dict(style.prompts)), frozenset())
    try:
        model_id = default_model if request.model is None else request.model
        return apply_style(request, style, get_parameters(request, catalog, model_id))
    except InvalidRequest as found:
        errors = {find_base(error): error for error in found.errors}
        try:
            resolve_request(request, catalog=catalog, default_model=default_model)
        except InvalidRequest as others:
            errors = {find_base(error): error for error in others.errors} | errors
        raise InvalidRequest(list(errors.values())) from None


def _name_style(error: FieldError, style: Style | KeptPrompts, styled: StyledRequest) -> FieldError:
    field = find_base(error)
    if field not in styled.added:
        return error
    return FieldError(
        "style", f"{style.name} sets {field}, which does not go with this request: {error.message}", error.code
    )
