"""A sweep as a whole: what its axes and its base may name, and how large it may be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.accounts.tables import Account
from core.database import transaction
from core.errors import FieldError, InvalidRequest
from core.jobs.request.job_options import JobOptions
from core.jobs.request.parameters import find_field
from core.settings import Settings
from core.sweeps.axes import Axes
from core.sweeps.check_cells import CheckedCell, Sender, check_cells
from core.webhooks.addresses import find_url_error, parse_networks

#: Fields of a render request that have an axis, or a field of the sweep, of their own.
_ELSEWHERE = {"prompt": "`prompts`", "style": "`styles`", "seed": "`seeds`"}

_NOT_IN_BASE = {
    "webhook": "is the sweep's: give `webhook` beside `base`",
    "dry_run": "is not for sweeps: send a draft, which queues nothing",
}


def check_names(axes: Axes, base: Mapping[str, Any]) -> None:
    """Raises InvalidRequest for an axis that is none, and for what base may not hold."""
    errors = [
        FieldError(f"parameters.{name}", message, "not_allowed")
        for name in axes.parameters
        if (message := _find_axis_problem(name)) is not None
    ]
    fields = [find_field(name) or name for name in axes.parameters]
    errors += [
        FieldError(
            f"parameters.{name}", f"is the same parameter as `{list(axes.parameters)[fields.index(field)]}`", "conflict"
        )
        for number, (name, field) in enumerate(zip(axes.parameters, fields, strict=True))
        if fields.index(field) != number
    ]
    swept = {find_field(name) or name for name in axes.list_values()}
    for name, value in base.items():
        field = find_field(name) or name
        if field in swept:
            errors.append(FieldError(f"base.{name}", "is an axis of the sweep: leave it out here", "conflict"))
        elif field in _NOT_IN_BASE:
            errors.append(FieldError(f"base.{name}", _NOT_IN_BASE[field], "not_allowed"))
        elif field == "store" and value is False:
            message = "has to be true: a sweep keeps its prompts and its contact sheet"
            errors.append(FieldError(f"base.{name}", message, "not_allowed", {"enum": [True]}))
    if errors:
        raise InvalidRequest(errors)


def _find_axis_problem(name: str) -> str | None:
    field = find_field(name) or name
    if field in _ELSEWHERE:
        return f"has an axis of its own: {_ELSEWHERE[field]}"
    return "is the same for all cells: give it in `base`" if field in JobOptions.model_fields else None


def check_webhook(url: str | None, settings: Settings) -> None:
    """Raises InvalidRequest for an address that is not called."""
    allowed = parse_networks(settings.webhook_allowed_networks)
    reason = None if url is None else find_url_error(url, allow_http=settings.webhook_allow_http, allowed=allowed)
    if reason is not None:
        raise InvalidRequest([FieldError("webhook.url", reason)])


def check_size(axes: Axes, *, at_most: int) -> None:
    """Raises InvalidRequest, naming the axis with the most values, for more cells than there may be."""
    if axes.cells <= at_most:
        return
    lengths = " x ".join(str(len(values)) for values in axes.list_values().values())
    message = f"the sweep has {axes.cells:,} cells ({lengths}), and may have {at_most:,}"
    raise InvalidRequest([_too_large(axes, message, cells=at_most)])


def check_whole(axes: Axes, base: Mapping[str, Any], sender: Sender) -> list[CheckedCell]:
    """Every cell of the sweep, checked. Raises InvalidRequest with every field that is wrong."""
    settings = sender.settings
    check_names(axes, base)
    check_size(axes, at_most=settings.sweep_max_cells)
    with transaction() as session:
        account = session.get_one(Account, sender.account_id)
        most_queued = account.max_queued_jobs or settings.account_max_queued_jobs
        if axes.cells > most_queued:
            message = f"the sweep has {axes.cells:,} cells, and the account may have {most_queued:,} jobs waiting"
            raise InvalidRequest([_too_large(axes, message, cells=most_queued)])
        cells = check_cells(session, axes, base, sender)
    cost = sum_cost(cells)
    if cost > settings.sweep_max_cost:
        message = (
            f"the sweep would cost {cost:,.1f} megapixel-steps, and may cost {settings.sweep_max_cost:,.1f}: leave out values, "
            "or draw smaller pictures or fewer steps"
        )
        raise InvalidRequest([_too_large(axes, message, cells=int(axes.cells * settings.sweep_max_cost / cost))])
    return cells


def sum_cost(cells: list[CheckedCell]) -> float:
    """Megapixel-steps of all cells."""
    return sum(cell.job.cost for cell in cells)


def _too_large(axes: Axes, message: str, *, cells: int) -> FieldError:
    """An error of the longest axis, with how many values it may have beside the others."""
    longest = max((len(values) for values in axes.list_values().values()), default=1)
    most = max(cells * longest // axes.cells, 0)
    return FieldError(axes.name_longest(), message, "wrong_length", {"maxItems": most})
