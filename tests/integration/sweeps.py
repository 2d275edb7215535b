"""Sweeps over the API, and what a worker does to their jobs, with pictures that can be told apart."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from typing import Any
from urllib.request import urlopen
from uuid import UUID

from flask.testing import FlaskClient
from PIL import Image

from core.artifacts.storage import bucket
from core.ids import parse_id
from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from core.jobs.outcomes.rendered import Rendered
from tests.integration.attempts import claim, rendered
from worker.rendering.attempt.group_success_writer import GroupSuccessWriter

_SUCCESSES = GroupSuccessWriter()

#: By place of the job, the colours of its picture.
COLOURS = [(200, 30, 30), (30, 160, 60), (40, 70, 200), (220, 180, 30)]


class Sweeps:
    """The sweep operations of one account."""

    def __init__(self, client: FlaskClient, api_key: str) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {api_key}"}

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The answer to a request under /v1."""
        return self._client.open(f"/v1{path}", method=method, json=body, headers=self._headers | headers)

    def send(self, body: dict[str, Any], **headers: str) -> dict[str, Any]:
        """A sweep that is accepted."""
        answer = self.ask("POST", "/sweeps", body, **headers)
        assert answer.status_code == 202, answer.get_data(as_text=True)
        return dict(answer.get_json())

    def read(self, sweep: dict[str, Any]) -> dict[str, Any]:
        """The sweep as it stands."""
        return dict(self.ask("GET", f"/sweeps/{sweep['id']}").get_json())

    def list_jobs(self, sweep: dict[str, Any]) -> list[dict[str, Any]]:
        """Its jobs, in the order of the cells."""
        return list(self.ask("GET", f"/sweeps/{sweep['id']}/jobs?limit=100").get_json()["data"])


def id_of(sweep: dict[str, Any]) -> UUID:
    """The id in the database."""
    found = parse_id("sweep", sweep["id"])
    assert found is not None
    return found


def draw(attempt: ClaimedAttempt, colour: tuple[int, int, int]) -> None:
    """Record a success whose picture is of one colour and lies in the bucket."""
    file = io.BytesIO()
    Image.new("RGB", (128, 128), colour).save(file, "PNG")
    body = file.getvalue()
    outcome = rendered(attempt)
    sha256 = hashlib.sha256(body).hexdigest()
    image = outcome.images[0].__class__(**vars(outcome.images[0]) | {"sha256": sha256, "byte_size": len(body)})
    bucket().put(image.storage_key, body, media_type="image/png", sha256=sha256)
    _SUCCESSES.write(
        attempt_id=attempt.id,
        rendered=Rendered(images=[image], receipt=outcome.receipt, warnings=[], render_ms=10, upload_ms=5),
    )


def draw_all(colour_of: Callable[[ClaimedAttempt], tuple[int, int, int]] | None = None) -> list[ClaimedAttempt]:
    """Let every job that waits succeed."""
    done: list[ClaimedAttempt] = []
    while (attempt := claim()) is not None:
        draw(attempt, colour_of(attempt) if colour_of else COLOURS[len(done) % len(COLOURS)])
        done.append(attempt)
    return done


def download(url: str) -> Image.Image:
    """The picture at an address."""
    with urlopen(url, timeout=10) as answer:
        return Image.open(io.BytesIO(answer.read()))
