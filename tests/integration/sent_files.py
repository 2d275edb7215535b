"""Files as customers send, read and delete them."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from core.artifacts.storage import bucket
from core.database import transaction
from core.ids import parse_id
from core.jobs.audit.invariants import list_violations
from core.jobs.audit.stored_objects import list_object_violations, read_digests


class Files:
    """The operations on files, with a key of one account."""

    def __init__(self, client: FlaskClient, api_key: str) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {api_key}"}

    def send(self, body: bytes, *, part: str = "file", **headers: str) -> TestResponse:
        """POST the bytes as a part of multipart/form-data. Header names have underscores."""
        return self._client.post(
            "/v1/files",
            data={part: (BytesIO(body), "picture.bin", "text/plain")},
            headers=self._headers | _name(headers),
        )

    def beside(self) -> Files:
        """The same operations, for another thread."""
        return Files(self._client.application.test_client(), self._headers["Authorization"].removeprefix("Bearer "))

    def send_raw(self, body: bytes, media_type: str = "image/png", **headers: str) -> TestResponse:
        """POST the bytes as the body."""
        return self._client.post(
            "/v1/files", data=body, headers=self._headers | {"Content-Type": media_type} | _name(headers)
        )

    def ask(self, sha256: Any) -> TestResponse:
        """POST the question whether there is a file of these bytes."""
        return self._client.post("/v1/files", json={"sha256": sha256}, headers=self._headers)

    def call(self, method: str, path: str) -> TestResponse:
        """Any call, below /v1."""
        return self._client.open(f"/v1{path}", method=method, headers=self._headers)


def _name(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def file_id_of(shown: dict[str, Any]) -> UUID:
    """The id in the database."""
    file_id = parse_id("file", shown["id"])
    assert file_id is not None
    return file_id


def list_stored_files() -> list[str]:
    """The keys of all files in the bucket."""
    return [key for key, _ in bucket().list_objects("files/")]


def pass_files_time(file_id: UUID) -> None:
    """Let the file's time have been over for a second."""
    with transaction() as session:
        session.execute(
            text("update artifacts set expires_at = now() - interval '1 second' where id = :id"), {"id": file_id}
        )


def broken_rules(*subjects: str) -> list[str]:
    """The broken rules, in the rows and in objects of these names."""
    with transaction() as session:
        broken = [violation.rule for violation in list_violations(session)]
        digests = read_digests(session)
    objects = list_object_violations(digests, orphan_grace_seconds=-60)
    return broken + [found.rule for found in objects if any(name in found.subject for name in subjects)]
