"""What the row of a job says of the job that it was made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from core.ids import format_id
from core.jobs.origins.environment import expect_environment, list_differences, read_environment

#: Sent again after it failed or was cancelled; drawn again exactly; or with something changed.
OriginKind = Literal["retry", "replay", "vary"]


@dataclass(frozen=True)
class Replayed:
    """What a replay is held against."""

    #: The receipt of the job that is drawn again, and what is known of the workers, as parts of a receipt.
    receipt: Mapping[str, Any]
    workers: Mapping[str, Any]
    #: Its images: position, storage_key and sha256 of each.
    images: list[dict[str, Any]]
    #: What the catalog says of the model now, without its revision.
    model: Mapping[str, Any]


@dataclass(frozen=True)
class JobOrigin:
    """The job that another is made from, and how."""

    job_id: UUID
    how: OriginKind
    #: Of a replay.
    replayed: Replayed | None = field(default=None, repr=False)

    def describe(self, *, model_revision: str) -> dict[str, Any]:
        """JSON-ready, for the row: `job` and `how`; of a replay also `then` (the environment of the job that is drawn again),
        `images` (its images), `differences` (what of the environment differs as far as it is known) and `checked_by`.
        """
        named = {"job": format_id("job", self.job_id), "how": self.how}
        if self.replayed is None:
            return named
        then = read_environment(self.replayed.receipt)
        expected = expect_environment(
            then,
            read_environment(self.replayed.workers),
            {"revision": model_revision, **self.replayed.model},
        )
        return {
            **named,
            "then": then,
            "images": self.replayed.images,
            "differences": list_differences(then, expected),
            "checked_by": "submit",
        }
