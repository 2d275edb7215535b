"""The blueprint of the sweep operations, and what several of them share."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g
from pydantic import BaseModel, Field

from api.authentication import current_account_id, current_api_key_id
from api.v1 import build_blueprint, describe_problems
from core.catalog import get_catalog
from core.errors import SweepNotFound
from core.ids import parse_id
from core.settings import get_settings
from core.sweeps.check_cells import Sender

sweeps_blueprint = build_blueprint(
    "sweeps", "sweeps", "Try many: the product of prompts, styles, seeds and parameters, with a contact sheet."
)

#: What a body that queues jobs may be refused for, beside its fields.
QUEUE_PROBLEMS = {
    400: "The body is not valid JSON.",
    413: "The body is longer than 1 MiB.",
    415: "The body is not application/json.",
    422: "A value of an axis, or a field of `base`, is not valid in some cell: `errors` names each, such as "
    "`parameters.guidance_scale[2]`. Or the sweep is too large. Nothing is queued.",
    429: "All jobs of the sweep together are more than the account may have waiting (`too_many_queued_jobs`).",
}

ABSENT = {404: "There is no such sweep in this account.", 410: "The sweep has been deleted."}


def describe(*problems: dict[int, str]) -> dict[Any, Any]:
    """Error answers, for the API document."""
    return describe_problems({status: meaning for each in problems for status, meaning in each.items()})


class SweepPath(BaseModel):
    """The id in the address."""

    sweep_id: str = Field(examples=["sweep_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"])

    def parse(self) -> UUID:
        """The sweep's id. Raises SweepNotFound for a text that cannot be one, as for a sweep that does not exist."""
        sweep_id = parse_id("sweep", self.sweep_id)
        if sweep_id is None:
            raise SweepNotFound
        return sweep_id


def current_sender() -> Sender:
    """The caller of this operation."""
    return Sender(
        account_id=current_account_id(),
        api_key_id=current_api_key_id(),
        request_id=g.request_id,
        catalog=get_catalog(),
        settings=get_settings(),
    )
