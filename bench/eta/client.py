"""An account of the service, and the requests that the bench sends as it."""

from __future__ import annotations

from typing import Any

import httpx2

from core.accounts.create_account import create_account
from core.accounts.manage_keys import issue_api_key
from core.database import transaction
from core.settings import get_settings


class Client:
    """A client with an account of its own."""

    def __init__(self, url: str, name: str) -> None:
        with transaction() as session:
            account = create_account(session, name=name)
            key = issue_api_key(session, account_id=account.id, pepper=get_settings().api_key_pepper.get_secret_value())
        self._http = httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60)

    def submit(self, **parameters: Any) -> dict[str, Any]:
        """Queue a job; the answer."""
        answer = self._http.post("/v1/jobs", json={"prompt": "a red mug on a blue table", **parameters})
        return dict(answer.raise_for_status().json())

    def read(self, job: dict[str, Any]) -> dict[str, Any]:
        """The job as it stands."""
        return dict(self._http.get(f"/v1/jobs/{job['id']}").raise_for_status().json())

    def close(self) -> None:
        """End its connections."""
        self._http.close()
