"""Values of any type in any field of RunPod's, Hugging Face's and the protocol of agents are an error that names something, and never one
of ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from api.dialects.mcp import post_message  # noqa: F401  (it has the tools)
from api.dialects.mcp.tools.tool import TOOLS

ODD: list[Any] = [None, True, -5, 10**30, 0.5, "x", "", [], [1], {}, {"x": {"args": 5}}]

DRAWN = (
    "prompt",
    "seed",
    "steps",
    "size",
    "image",
    "mask_image",
    "metadata",
    "webhook",
    "loras",
    "style",
    "num_images",
)

PROMPT = {"prompt": "a red mug"}


def list_bodies() -> Iterator[tuple[str, Any]]:
    """Addresses, and what is sent there."""
    for odd in ODD:
        yield from ((path, odd) for path in ("/runpod/v2/picturebook/run", "/huggingface/models/picturebook", "/mcp"))
        for field in ("input", "webhook", "policy", "s3Config", "of_nobody"):
            yield "/runpod/v2/picturebook/run", {"input": PROMPT, field: odd}
        for field in (*DRAWN, "image_url", "high_noise_frac"):
            yield "/runpod/v2/picturebook/runsync", {"input": PROMPT | {field: odd}}
        for field in ("ttl", "executionTimeout", "lowPriority", "of_nobody"):
            yield "/runpod/v2/picturebook/run", {"input": PROMPT, "policy": {field: odd}}
        for field in ("inputs", "parameters", "options", "of_nobody"):
            yield "/huggingface/models/picturebook", {"inputs": "a red mug", field: odd}
        for field in (*DRAWN, "target_size", "output_format"):
            yield "/huggingface/models/picturebook", {"inputs": "a red mug", "parameters": {field: odd}}


def list_messages() -> Iterator[dict[str, Any]]:
    """Messages of an agent's client."""
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
    for odd in ODD:
        yield from ({**call, field: odd} for field in ("jsonrpc", "id", "method", "params"))
        yield from ({**call, "params": {"name": "get_job", field: odd}} for field in ("name", "arguments", "_meta"))
        yield {**call, "params": {"name": "get_job", "arguments": {}, "_meta": {"progressToken": odd}}}
        yield {**call, "method": "initialize", "params": {"protocolVersion": odd}}
        for name, tool in TOOLS.items():
            for field in tool.description.input_schema["properties"]:
                yield {**call, "params": {"name": name, "arguments": PROMPT | {field: odd}}}


@pytest.mark.slow
def test_no_value_is_an_error_of_ours(client: FlaskClient, api_key: str) -> None:
    """In this process nothing can wait, so what could be drawn is 503 with that reason."""
    headers = {"Authorization": f"Bearer {api_key}"}
    for path, body in [*list_bodies(), *(("/mcp", message) for message in list_messages())]:
        answer = client.post(path, json=body, headers=headers)
        is_waiting = answer.status_code == 503 and "too_many_streams" in answer.text
        assert answer.status_code < 500 or is_waiting, f"{path} {body}: {answer.text}"
        assert "Something went wrong" not in answer.text, f"{path} {body}"
