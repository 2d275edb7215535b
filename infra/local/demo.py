"""The main job from a customer's side: send a prompt, follow its events, be called back, fetch the image, check everything.

Run inside `python -m infra.local run -- …`, or with DARKROOM_URL and DARKROOM_API_KEY of any Darkroom whose webhooks
can reach this machine.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from queue import Empty
from typing import Any

import httpx2
from PIL import Image
from rich.console import Console
from rich.table import Table
from standardwebhooks import Webhook, WebhookVerificationError

from infra.local.demo_events import follow
from infra.local.webhook_listener import ReceivedCall, WebhookListener, listening

_PROMPT = "a large red mug on a yellow background"
_JOB_SECONDS = 120
_WEBHOOK_SECONDS = 30


class DemoFailed(Exception):
    """A promise was broken; the message says which."""


@dataclass(frozen=True)
class Clock:
    """The moment of the submit, on this machine's two clocks."""

    monotonic: float
    wall: float

    def ms_at(self, monotonic: float) -> float:
        """Milliseconds from the submit to a moment on this process's clock."""
        return (monotonic - self.monotonic) * 1000

    def ms_of(self, timestamp: str) -> float:
        """Milliseconds from the submit to a moment that the service reports."""
        return (datetime.fromisoformat(timestamp).timestamp() - self.wall) * 1000


def main() -> int:
    """Run the demo, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.demo", description="One prompt, all the way.")
    parser.add_argument("--prompt", help=f"what to draw ({_PROMPT})")
    parser.add_argument("--output", type=Path, default=Path("demo.png"), help="where the image goes (demo.png)")
    options = parser.parse_args()

    console = Console(highlight=False)
    try:
        _run_demo(options.prompt or _PROMPT, options.output, console)
    except (DemoFailed, httpx2.HTTPError) as error:
        _say(console, f"The demo failed: {error}", style="bold red")
        return 1
    return 0


def _run_demo(prompt: str, output: Path, console: Console) -> None:
    with _client() as client, listening() as listener, _webhook_endpoint(client, listener) as secret:
        _say(console, f"prompt    {prompt}")
        clock = Clock(time.monotonic(), time.time())
        submitted = _ask(client, "POST", "/v1/jobs", {"prompt": prompt, "output_format": "png"})
        submitted_at = time.monotonic()
        _say(console, f"job       {submitted['id']}")

        job = _follow(client, submitted, console)
        call = _await_webhook(listener, secret, job)
        image = _download(job, output)

    _say(console, f"webhook   {call.headers['webhook-id']}: job.succeeded, its signature is right")
    _say(console, f"image     {output}: {image.width} x {image.height}, its sha256 is the job's")
    _say(console, "\nmilliseconds since the POST")
    console.print(_draw_timeline(job, clock, submitted_at, call.received_at))
    _say(console, "\nTo try prompts of your own on a page, run `make up` and open the link that it prints.")


def _say(console: Console, message: str, style: str = "") -> None:
    console.print(message, style=style, markup=False, soft_wrap=True)


def _client() -> httpx2.Client:
    try:
        url, api_key = os.environ["DARKROOM_URL"], os.environ["DARKROOM_API_KEY"]
    except KeyError as missing:
        raise DemoFailed(f"{missing.args[0]} is not set: run this inside `python -m infra.local run -- …`") from None
    # Not through a proxy: the service is on this machine.
    return httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {api_key}"}, timeout=10, trust_env=False)


def _ask(client: httpx2.Client, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    response = client.request(method, path, json=body)
    if not response.is_success:
        raise DemoFailed(f"{method} {path} was answered with {response.status_code}: {response.text}")
    answer: dict[str, Any] = response.json() if response.content else {}
    return answer


@contextmanager
def _webhook_endpoint(client: httpx2.Client, listener: WebhookListener) -> Iterator[str]:
    """The secret of a webhook endpoint for the listener, deleted when the block ends."""
    endpoint = _ask(client, "POST", "/v1/webhook-endpoints", {"url": listener.url})
    try:
        yield endpoint["secret"]
    finally:
        _ask(client, "DELETE", f"/v1/webhook-endpoints/{endpoint['id']}")


def _follow(client: httpx2.Client, submitted: dict[str, Any], console: Console) -> dict[str, Any]:
    """Show the job's events until it has succeeded, and return it. Raises DemoFailed for any other end."""
    job = follow(client, submitted, console, seconds=_JOB_SECONDS)
    if job is None:
        raise DemoFailed(f"the job has not ended after {_JOB_SECONDS} s")
    if job["status"] != "succeeded":
        failure = job["failure"] or {"code": job["status"], "message": "no reason given"}
        raise DemoFailed(f"the job ended as {job['status']}, {failure['code']}: {failure['message']}")
    return job


def _await_webhook(listener: WebhookListener, secret: str, job: dict[str, Any]) -> ReceivedCall:
    """Wait for the verified webhook of this job's success."""
    deadline = time.monotonic() + _WEBHOOK_SECONDS
    while True:
        try:
            call = listener.calls.get(timeout=max(0, deadline - time.monotonic()))
        except Empty:
            raise DemoFailed(f"no webhook came within {_WEBHOOK_SECONDS} s of the job's end") from None

        try:
            event = Webhook(secret).verify(call.body, call.headers)
        except WebhookVerificationError as error:
            raise DemoFailed(f"a webhook came with a signature that is not right: {error}") from error

        # The endpoint belongs to the account: it also receives the events of the account's other jobs.
        if event["data"]["id"] == job["id"]:
            if event["type"] != "job.succeeded":
                raise DemoFailed(f"the job succeeded, and the webhook says {event['type']}")
            return call


def _download(job: dict[str, Any], output: Path) -> Image.Image:
    """Fetch the image through its presigned URL, which needs no API key, check it and save it."""
    artifact = job["outputs"][0]
    response = httpx2.get(artifact["url"], timeout=30, trust_env=False)
    if not response.is_success:
        raise DemoFailed(f"the image's URL was answered with {response.status_code}: {response.text}")

    sha256 = hashlib.sha256(response.content).hexdigest()
    if sha256 != artifact["sha256"]:
        raise DemoFailed(f"the image's sha256 is {sha256}, and the job says {artifact['sha256']}")
    try:
        image = Image.open(io.BytesIO(response.content))
        image.load()
    except OSError as error:
        raise DemoFailed(f"the image cannot be read: {error}") from error

    output.write_bytes(response.content)
    return image


def _draw_timeline(job: dict[str, Any], clock: Clock, submitted_at: float, called_back_at: float) -> Table:
    timings = job["timings"]
    claimed = clock.ms_of(job["created_at"]) + timings["queue_ms"]
    rendered = claimed + timings["render_ms"]
    moments = {
        "submitted": clock.ms_at(submitted_at),
        "claimed": claimed,
        "rendered": rendered,
        "uploaded": rendered + timings["upload_ms"],
        "called back": clock.ms_at(called_back_at),
    }
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    for moment, ms in moments.items():
        table.add_row(moment, f"{ms:.0f}")
    return table


if __name__ == "__main__":
    sys.exit(main())
