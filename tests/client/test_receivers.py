"""The receivers of docs/client/webhooks.md, as they stand there, called by the service and by others."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty

import httpx2
import pytest
from darkroom import Darkroom, InvalidSignature, verify_webhook
from standardwebhooks import Webhook

from infra.local.ports import Ports, is_listening
from infra.local.webhook_listener import WebhookListener
from tests.acceptance.customer import SMALL
from tests.conftest import REPOSITORY

_PAGE = (REPOSITORY / "docs/client/webhooks.md").read_text()
_SECRET = "whsec_" + base64.b64encode(b"a secret of twenty-four!").decode()


def _read_block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```$", _PAGE, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


@contextmanager
def _receiving(command: list[str], folder: Path, port: int, secret: str) -> Iterator[Path]:
    """The receiver as a process; what it prints."""
    environment = os.environ | {
        "DARKROOM_WEBHOOK_SECRET": secret,
        "PORT": str(port),
        "PYTHONPATH": str(REPOSITORY / "client"),
    }
    printed = folder / "printed"
    with (
        printed.open("w") as output,
        subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT) as process,
    ):
        try:
            deadline = time.monotonic() + 60
            while not is_listening(port):
                assert process.poll() is None, printed.read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield printed
        finally:
            process.terminate()


def _check_receiver(darkroom: Darkroom, command: list[str], folder: Path) -> None:
    """It takes what the service sends, once, and nothing that others send."""
    with _reserving() as port:
        _check_receiver_at(port, darkroom, command, folder)


@contextmanager
def _reserving() -> Iterator[int]:
    ports = Ports()
    try:
        yield ports.reserve()
    finally:
        ports.release()


def _check_receiver_at(port: int, darkroom: Darkroom, command: list[str], folder: Path) -> None:
    url = f"http://127.0.0.1:{port}/hooks/darkroom"
    endpoint = darkroom.webhooks.create(url)
    with _receiving(command, folder, port, endpoint.secret) as printed:
        job = darkroom.render("a red mug", **SMALL).job
        deadline = time.monotonic() + 60
        while job.id not in printed.read_text():
            assert time.monotonic() < deadline, printed.read_text()
            time.sleep(0.1)
        assert "job.succeeded" in printed.read_text()

        body = json.dumps({"type": "job.succeeded", "data": {"id": "job_forged", "outputs": []}})
        forged = {"webhook-id": "msg_1", "webhook-timestamp": str(int(time.time())), "webhook-signature": "v1,bm9uZQ=="}
        answer = httpx2.post(url, content=body, headers={**forged, "Content-Type": "application/json"})
        assert answer.status_code == 400
        assert "job_forged" not in printed.read_text()


def test_the_flask_receiver(darkroom: Darkroom, tmp_path: Path) -> None:
    """As the page shows it."""
    (tmp_path / "receiver.py").write_text(_read_block("python"))
    _check_receiver(darkroom, [sys.executable, "receiver.py"], tmp_path)


@pytest.mark.slow
def test_the_express_receiver(darkroom: Darkroom, tmp_path: Path) -> None:
    """As the page shows it, with what it says to install."""
    if shutil.which("npm") is None:
        # CI has it.
        assert not os.environ.get("CI")
        pytest.skip("needs Node: apt-get install nodejs npm")
    (tmp_path / "receiver.mjs").write_text(_read_block("js"))
    subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "express", "standardwebhooks"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=110,
    )
    _check_receiver(darkroom, ["node", "receiver.mjs"], tmp_path)


def test_a_webhook_of_a_single_job(darkroom: Darkroom, listener: WebhookListener) -> None:
    """Is signed with the account's secret."""
    darkroom.submit("a mug", webhook={"url": listener.url}, **SMALL)
    call = None
    with suppress(Empty):
        call = listener.calls.get(timeout=60)

    assert call is not None
    assert verify_webhook(call.body, call.headers, darkroom.webhooks.secret())["type"] == "job.succeeded"


def _sign(body: str, when: float) -> dict[str, str]:
    moment = datetime.fromtimestamp(int(when), UTC)
    return {
        "Webhook-Id": "msg_1",
        "Webhook-Timestamp": str(int(when)),
        "Webhook-Signature": Webhook(_SECRET).sign("msg_1", moment, body),
    }


def test_what_the_library_signs_is_verified() -> None:
    """By its own implementation of the standard; header names in any case, and several signatures."""
    body = '{"type": "job.failed", "data": {"prompt": "Käse"}}'
    headers = _sign(body, time.time())
    headers["Webhook-Signature"] = f"v1a,x v1,bm9uZQ== {headers['Webhook-Signature']}"

    assert verify_webhook(body.encode(), headers, _SECRET) == json.loads(body)
    assert verify_webhook(body, headers, _SECRET.removeprefix("whsec_")) == json.loads(body)


@pytest.mark.parametrize(
    ("body", "changes", "secret", "said"),
    [
        ("{ }", {}, _SECRET, "not signed with this secret"),
        ("{}", {}, "whsec_" + base64.b64encode(b"another").decode(), "not signed with this secret"),
        ("{}", {"Webhook-Id": ""}, _SECRET, "webhook-id is missing"),
        ("{}", {"Webhook-Timestamp": "1"}, _SECRET, "not signed with this secret"),
        ("{}", {"Webhook-Signature": "v1,ä"}, _SECRET, "not signed with this secret"),
        ("{}", {}, "whsec_", "empty"),
    ],
)
def test_anything_else_is_refused(body: str, changes: dict[str, str], secret: str, said: str) -> None:
    """And says why."""
    with pytest.raises(InvalidSignature, match=said):
        verify_webhook(body, _sign("{}", time.time()) | changes, secret)


@pytest.mark.parametrize("seconds", [-400, 400])
def test_an_old_webhook_is_refused(seconds: int) -> None:
    """Though it is signed well: it may be a recording."""
    with pytest.raises(InvalidSignature, match="too long ago"):
        verify_webhook("{}", _sign("{}", time.time() + seconds), _SECRET)
