"""Calls of the client `openai`, unmodified."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import time
from pathlib import Path
from typing import Any

import openai
from serve import describe, serve

BASE = os.environ["DARKROOM_URL"] + "/openai/v1"


def _client(**options: Any) -> openai.OpenAI:
    return openai.OpenAI(**{"base_url": BASE, "api_key": os.environ["DARKROOM_API_KEY"], **options})


def _show(answer: Any) -> dict[str, Any]:
    shown: dict[str, Any] = answer.model_dump()
    for image in shown["data"]:
        if image.get("b64_json"):
            body = base64.b64decode(image.pop("b64_json"))
            image |= {"sha256": hashlib.sha256(body).hexdigest(), "begins": body[:4].hex(), "bytes": len(body)}
    return {**shown, "request_id": answer._request_id}


def generate(call: dict[str, Any], options: dict[str, Any] | None = None, times: int = 1, longest: int = 0) -> Any:
    call["prompt"] += "!" * longest
    client = _client(**(options or {}))
    try:
        shown = [_show(client.images.generate(**call)) for _ in range(times)]
    except openai.OpenAIError as error:
        return describe(error)
    return shown if times > 1 else shown[0]


def _spell(pictures: list[str], spelling: str) -> Any:
    """Pictures in the ways in which users give them to the client."""
    bodies = [base64.b64decode(each) for each in pictures]
    if spelling == "path":
        for number, body in enumerate(bodies):
            Path(f"/tmp/picture-{os.getpid()}-{number}.png").write_bytes(body)
        found: list[Any] = [Path(f"/tmp/picture-{os.getpid()}-{number}.png") for number in range(len(bodies))]
    elif spelling == "tuple":
        found = [("of-another-kind.txt", body, "text/plain") for body in bodies]
    else:
        found = [io.BytesIO(body) if spelling == "stream" else body for body in bodies]
    return found if spelling == "list" or len(found) > 1 else found[0]


def edit(
    pictures: list[str], call: dict[str, Any], spelling: str, mask: str | None = None, *, is_stream: bool = False
) -> Any:
    masked = {} if mask is None else {"mask": base64.b64decode(mask)}
    try:
        answer = _client().images.edit(image=_spell(pictures, spelling), **masked, **call, stream=is_stream)
        return [event.type for event in answer] if is_stream else _show(answer)
    except openai.OpenAIError as error:
        return describe(error)


def stream(call: dict[str, Any]) -> Any:
    events: list[dict[str, Any]] = []
    try:
        for event in _client().images.generate(**call, stream=True):
            shown = event.model_dump()
            body = base64.b64decode(shown.pop("b64_json"))
            events.append({**shown, "sha256": hashlib.sha256(body).hexdigest(), "begins": body[:12].hex()})
    except openai.OpenAIError as error:
        events.append(describe(error))
    return events


def list_models() -> Any:
    client = _client()
    return {
        "ids": [each.id for each in client.models.list()],
        "one": client.models.retrieve("picturebook").model_dump(),
    }


def use_files(picture: str, call: dict[str, Any]) -> Any:
    client = _client()
    sent = client.files.create(file=("mug.png", base64.b64decode(picture)), purpose="vision")
    body = {**call, "images": [{"file_id": sent.id}]}
    drawn: Any = client.post("/images/edits", body=body, cast_to=object)
    shown = {
        "sent": sent.model_dump(),
        "listed": [each.id for each in client.files.list()],
        "read": client.files.retrieve(sent.id).id,
        "begins": client.files.content(sent.id).read()[:4].hex(),
        "job_id": drawn["job_id"],
        "deleted": client.files.delete(sent.id).deleted,
    }
    try:
        client.files.retrieve(sent.id)
    except openai.OpenAIError as error:
        return {**shown, "after": describe(error)}
    return shown


def run_batch(lines: list[dict[str, Any]], endpoint: str) -> Any:
    client = _client()
    text = "\n".join(json.dumps(line) for line in lines).encode()
    sent = client.files.create(file=("calls.jsonl", text), purpose="batch")
    batch = client.batches.create(
        input_file_id=sent.id,
        endpoint=endpoint,
        completion_window="24h",
        metadata={"night": "1"},
    )
    began = batch.status
    while batch.status not in {"completed", "failed", "expired", "cancelled"}:
        time.sleep(0.3)
        batch = client.batches.retrieve(batch.id)
    found = {"began": began, "batch": batch.model_dump(), "listed": [each.id for each in client.batches.list()]}
    for name in ("output_file_id", "error_file_id"):
        id_ = getattr(batch, name)
        content = client.files.content(id_).text if id_ else ""
        found[name] = [json.loads(line) for line in content.splitlines()]
    found["input"] = client.files.content(sent.id).text == text.decode()
    return found


def cancel_batch(lines: list[dict[str, Any]], endpoint: str) -> Any:
    client = _client()
    text = "\n".join(json.dumps(line) for line in lines).encode()
    sent = client.files.create(file=("calls.jsonl", text), purpose="batch")
    batch = client.batches.create(input_file_id=sent.id, endpoint=endpoint, completion_window="24h")
    return {"began": batch.status, "ended": client.batches.cancel(batch.id).model_dump()}


def ask(path: str, method: str = "GET", options: dict[str, Any] | None = None) -> Any:
    """What the client makes of another address."""
    client = _client(**(options or {}))
    try:
        return client.get(path, cast_to=object) if method == "GET" else client.post(path, body={}, cast_to=object)
    except openai.OpenAIError as error:
        return describe(error)


serve(generate, edit, stream, list_models, use_files, run_batch, cancel_batch, ask)
