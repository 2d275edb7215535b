"""Calls of `replicate` 1, unmodified."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import time
from itertools import islice
from typing import Any

import replicate
from serve import describe, serve

BASE = os.environ["DARKROOM_URL"] + "/replicate"
MODEL = "darkroom/picturebook"


def _client(**options: Any) -> replicate.Client:
    return replicate.Client(**{"base_url": BASE, "api_token": os.environ["DARKROOM_API_KEY"], **options})


def _show(prediction: Any) -> dict[str, Any]:
    progress = prediction.progress
    return {
        **prediction.dict(exclude={"_client"}),
        "progress": None if progress is None else [progress.percentage, progress.current, progress.total],
    }


def _open(output: Any) -> list[dict[str, str]]:
    """What the client makes of the outputs, and what they hold: it downloads them."""
    return [
        {
            "type": type(each).__name__,
            "begins": str(each)[:9],
            "url": str(each),
            "sha256": hashlib.sha256(each.read()).hexdigest(),
        }
        for each in output
    ]


def run(ref: str = MODEL, by: str = "model", token: str | None = None, **call: Any) -> Any:
    """`by`: what the reference becomes: a model, or its version."""
    client = _client(**({} if token is None else {"api_token": token}))
    try:
        if by == "version":
            ref = f"{ref}:{client.models.get(ref).latest_version.id}"
        started = time.monotonic()
        output = client.run(ref, **call)
        return {"output": _open(output), "type": type(output).__name__, "seconds": time.monotonic() - started}
    except replicate.exceptions.ModelError as error:
        return describe(error) | {"prediction": _show(error.prediction)}
    except replicate.exceptions.ReplicateError as error:
        return describe(error)


def create(by: str = "model", after: str | None = None, **call: Any) -> Any:
    """A prediction that is made and not waited for."""
    client = _client(**({} if after is None else {"headers": {"Cancel-After": after}}))
    try:
        if by == "deployment":
            return _show(client.deployments.get(MODEL).predictions.create(**call))
        named = {"version": client.models.get(MODEL).latest_version.id} if by == "version" else {by: MODEL}
        return _show(client.predictions.create(**named, **call))
    except replicate.exceptions.ReplicateError as error:
        return describe(error)


def create_each(calls: list[dict[str, Any]]) -> Any:
    return [create(**call) for call in calls]


def get(job_id: str) -> Any:
    return _show(_client().predictions.get(job_id))


def cancel(job_id: str) -> Any:
    prediction = _client().predictions.get(job_id)
    prediction.cancel()
    return _show(prediction)


def wait(job_id: str) -> Any:
    prediction = _client().predictions.get(job_id)
    prediction.wait()
    return _show(prediction)


def stream(job_id: str) -> Any:
    try:
        return [[event.event.value, str(event.data), event.id] for event in _client().predictions.get(job_id).stream()]
    except RuntimeError as error:
        return describe(error)


def page(limit: int) -> Any:
    """The ids of all pages."""
    predictions = _client().predictions
    first = f"/v1/predictions?limit={limit}"
    pages = replicate.pagination.paginate(lambda cursor: predictions.list(first if cursor is ... else cursor))
    return [[each.id for each in page] for page in islice(pages, 10)]


def draw_from_file(picture: str, **call: Any) -> Any:
    """A picture goes up as a file first, as the client does it by itself."""
    client = _client()
    body = io.BytesIO(base64.b64decode(picture))
    prediction = client.predictions.create(
        model=MODEL, input={**call, "image": client.files.create(body, filename="mug.zip").urls["get"]}
    )
    [kept] = client.files.list()
    file = client.files.get(kept.id)
    shown = {"prediction": _show(prediction), "file": file.dict(exclude={"_client"})}
    prediction.wait()
    return shown | {"deleted": client.files.delete(kept.id), "left": len(client.files.list())}


def send_file_in_input(picture: str, **call: Any) -> Any:
    client = _client()
    return _show(client.predictions.create(MODEL, input={**call, "image": io.BytesIO(base64.b64decode(picture))}))


def list_models() -> Any:
    client = _client()
    model = client.models.get(MODEL)
    [version] = model.versions.list()
    schemas = version.openapi_schema["components"]["schemas"]
    return {
        "ids": [each.id for each in client.models.list()],
        "license": model.license_url,
        "version": model.versions.get(version.id).id,
        "latest": model.latest_version.id,
        "input": schemas["Input"],
        "output": schemas["Output"],
    }


def read_account() -> Any:
    client = _client()
    account = client.accounts.current()
    return {"type": account.type, "name": account.name, "hardware": [each.sku for each in client.hardware.list()]}


def validate_webhook(headers: dict[str, str], body: str) -> Any:
    """Raises if the signature is not the account's."""
    secret = _client().webhooks.default.secret()
    replicate.webhook.Webhooks.validate(headers=headers, body=body, secret=secret, tolerance=60)
    return secret.key[:6]


serve(
    *(
        run,
        create,
        create_each,
        get,
        cancel,
        wait,
        stream,
        page,
        draw_from_file,
        send_file_in_input,
        list_models,
        read_account,
    ),
    validate_webhook,
)
