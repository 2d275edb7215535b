"""Calls of `replicate` 2, unmodified."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path
from typing import Any

import replicate
from replicate.exceptions import ModelError, ReplicateError
from serve import describe, serve

BASE = os.environ["DARKROOM_URL"] + "/replicate/v1"
MODEL = "darkroom/picturebook"
NAMED = {"model_owner": "darkroom", "model_name": "picturebook"}


def _client(**options: Any) -> replicate.Replicate:
    return replicate.Replicate(**{"base_url": BASE, "bearer_token": os.environ["DARKROOM_API_KEY"], **options})


def _show(prediction: Any) -> Any:
    return prediction.model_dump(mode="json")


def run(ref: str = MODEL, options: dict[str, Any] | None = None, times: int = 1, by: str = "model", **call: Any) -> Any:
    client = _client(**(options or {}))
    if by == "version":
        ref = f"{ref}:{client.models.get(**NAMED).latest_version.id}"
    shown = []
    try:
        for _ in range(times):
            output = client.run(ref, **call)
            shown.append([[type(each).__name__, hashlib.sha256(each.read()).hexdigest()] for each in output])
    except (ReplicateError, ModelError) as error:
        return describe(error)
    return shown if times > 1 else shown[0]


def use(**call: Any) -> Any:
    """A model as a function: its output is a path, which is downloaded without a token."""
    os.environ["REPLICATE_BASE_URL"] = BASE
    os.environ["REPLICATE_API_TOKEN"] = os.environ["DARKROOM_API_KEY"]
    draw = replicate.use(MODEL)
    return [hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in draw(**call)]


def create(version: str | None = None, options: dict[str, Any] | None = None, **call: Any) -> Any:
    client = _client(**(options or {}))
    try:
        if version is not None:
            return _show(client.predictions.create(version=version, **call))
        return _show(client.models.predictions.create(**NAMED, **call))
    except replicate.APIStatusError as error:
        return describe(error) | {"body": error.body}


def create_in_deployment(**call: Any) -> Any:
    return _show(
        _client().deployments.predictions.create(deployment_owner="darkroom", deployment_name="picturebook", **call)
    )


def get(job_id: str) -> Any:
    return _show(_client().predictions.get(prediction_id=job_id))


def cancel(job_id: str) -> Any:
    return _show(_client().predictions.cancel(prediction_id=job_id))


def page(limit: int, **options: Any) -> Any:
    """All ids: the client turns the pages."""
    found = [each.id for each in _client().predictions.list(extra_query={"limit": limit}, **options)]
    return found[:10]


def send_file(picture: str) -> Any:
    client = _client()
    file = client.files.create(content=base64.b64decode(picture))
    found = client.files.get(file_id=file.id)
    listed = [each.id for each in client.files.list()]
    client.files.delete(file_id=file.id)
    return {"sent": file.model_dump(mode="json"), "found": found.id, "listed": listed}


def send_file_with_metadata(picture: str) -> Any:
    try:
        return _client().files.create(content=base64.b64decode(picture), metadata={"of": "somebody"}).id
    except replicate.APIStatusError as error:
        return describe(error) | {"body": error.body}


def read_rest() -> Any:
    client = _client()
    return {
        "account": client.account.get().type,
        "hardware": [each.sku for each in client.hardware.list()],
        "secret": client.webhooks.default.secret.get().key[:6],
        "models": [each.name for each in client.models.list()],
        "deployment": client.deployments.get(deployment_owner="darkroom", deployment_name="picturebook").name,
    }


serve(run, use, create, create_in_deployment, get, cancel, page, send_file, send_file_with_metadata, read_rest)
