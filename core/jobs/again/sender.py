"""Who asks for a job to be made from another one."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from core.catalog import Catalog
from core.jobs.origins.origin import JobOrigin
from core.jobs.request.render_request import RenderRequest
from core.jobs.styles.rendered_prompts import KeptPrompts
from core.jobs.submit.new_job import Submission
from core.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Sender:
    """What a submission needs beside the request and the other job."""

    account_id: UUID
    #: The public part of the API key, whose secret was checked a moment ago; None: it came without one.
    api_key_id: str | None = None
    request_id: str
    idempotency_key: str | None = None
    catalog: Catalog
    settings: Settings

    def submission(self, request: RenderRequest, origin: JobOrigin, *, style: KeptPrompts | None = None) -> Submission:
        """What is to be submitted. `style`: as the other job was rendered with it; None: the request's own, as it is now."""
        return Submission(
            request=request,
            style=style,
            account_id=self.account_id,
            api_key_id=self.api_key_id,
            request_id=self.request_id,
            idempotency_key=self.idempotency_key,
            origin=origin,
            catalog=self.catalog,
            settings=self.settings,
        )
