"""The Model Context Protocol's own client, unmodified, in the newest revision and in those with a handshake."""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.acceptance.customer import Customer
from tests.dialects.conftest import Service, build_sdk, list_jobs
from tests.dialects.environments import Sdk

pytestmark = pytest.mark.slow

SMALL: dict[str, Any] = {"prompt": "a red mug", "width": 64, "height": 64, "num_inference_steps": 2, "seed": 7}

TOOLS = {
    *("list_models", "list_styles", "check_prompt", "submit_job", "wait_for_job", "get_job", "cancel_job", "find_jobs"),
    *("submit_sweep", "get_sweep", "cancel_sweep"),
}


@pytest.fixture
def mcp(service: Service, customer: Customer) -> Sdk:
    """The client, with the customer's key."""
    return build_sdk(service, customer, "mcp", "mcp_calls")


@pytest.mark.parametrize(("mode", "version"), [("auto", "2026-07-28"), ("legacy", "2025-11-25")])
def test_the_server_introduces_itself(mcp: Sdk, mode: str, version: str) -> None:
    """Both kinds of clients have the tools, each with a schema and a description, and what a model has to know."""
    answer = mcp.call("introduce", mode=mode)
    assert answer["version"] == version
    assert answer["tools"].keys() == TOOLS
    assert "find_jobs" in answer["instructions"]
    for tool in answer["tools"].values():
        assert tool["description"]
        assert tool["inputSchema"]["type"] == "object"
    assert answer["tools"]["cancel_job"]["annotations"]["destructiveHint"] is True
    assert answer["tools"]["get_job"]["annotations"]["readOnlyHint"] is True


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_job_is_sent_and_waited_for(mcp: Sdk, customer: Customer, mode: str) -> None:
    """The result has links, and one small picture of the first image; never a whole one."""
    answer = mcp.call(
        "call", mode=mode, calls=[["submit_job", SMALL | {"num_images": 2}], ["wait_for_job", {"job_id": None}]]
    )
    submitted, waited = answer["results"]
    assert submitted["structured"]["status"] == "queued"
    assert "wait_for_job" in submitted["structured"]["next"]
    job = customer.read({"id": submitted["structured"]["job_id"]})
    assert [image["seed"] for image in waited["structured"]["images"]] == [7, 8]
    text, *links, thumbnail = waited["content"]
    assert job["outputs"][0]["id"] in text["text"]
    for link, output in zip(links, job["outputs"], strict=True):
        got = customer.http.get(link["uri"], headers={"Authorization": ""})
        assert (link["type"], len(got.content)) == ("resource_link", output["byte_size"])
    assert (thumbnail["type"], thumbnail["mimeType"]) == ("image", "image/jpeg")
    picture = Image.open(io.BytesIO(base64.b64decode(thumbnail["data"])))
    assert picture.size == (64, 64)


def test_progress_is_reported(mcp: Sdk) -> None:
    """Each notification is further than the one before, and the last answer is the job's end."""
    long = {"prompt": "a red mug", "width": 320, "height": 320, "num_inference_steps": 60, "num_images": 2}
    calls = [["submit_job", long], ["wait_for_job", {"job_id": None, "thumbnail": False}]]
    answer = mcp.call("call", calls=calls, watched=True)
    waited = answer["results"][1]
    assert waited["structured"]["status"] == "succeeded"
    assert all(each["type"] != "image" for each in waited["content"])
    done = [each[0] for each in answer["progress"]]
    assert len(done) >= 3
    assert done == sorted(set(done))
    assert answer["progress"][-1][1] == 60
    assert any("step" in each[2] for each in answer["progress"])


@pytest.mark.parametrize("watched", [True, False])
def test_a_wait_ends_before_its_client_does(
    mcp: Sdk, customer: Customer, paused: Callable[[], None], *, watched: bool
) -> None:
    """When its time is over, the answer is how the job stands, and how to go on; the next wait has the images."""
    job = customer.submit(**SMALL)
    wait = ["wait_for_job", {"job_id": job["id"], "seconds": 1}]
    begun = time.monotonic()
    [waited] = mcp.call("call", calls=[wait], watched=watched)["results"]
    assert time.monotonic() - begun < 30
    assert waited["structured"]["status"] == "queued"
    assert "wait_for_job" in waited["structured"]["next"]
    assert "paused" in waited["structured"]["waits_for"]
    paused()
    customer.wait_until_finished(job)
    [again] = mcp.call("call", calls=[wait], watched=watched)["results"]
    assert again["structured"]["status"] == "succeeded"


def test_a_render_outlasts_the_wait_and_the_session(mcp: Sdk, customer: Customer, paused: Callable[[], None]) -> None:
    """A job's id holds in other sessions and for other clients; the same submit is one job."""
    submit = ["submit_job", SMALL | {"idempotency_key": "mug-1"}]
    first = mcp.call("call", calls=[submit])["results"][0]["structured"]
    second, found = mcp.call("call", calls=[submit, ["find_jobs", {"prompt": "mug", "limit": 5}]])["results"]
    assert second["structured"]["job_id"] == first["job_id"]
    assert [each["status"] for each in found["structured"]["jobs"]] == ["queued"]
    paused()
    customer.wait_until_finished({"id": first["job_id"]})
    calls = [["find_jobs", {"prompt": "mug"}], ["get_job", {"job_id": first["job_id"]}]]
    found, read = mcp.call("call", calls=calls)["results"]
    assert [each["job_id"] for each in found["structured"]["jobs"]] == [first["job_id"]]
    assert read["structured"]["images"][0]["id"] == customer.read({"id": first["job_id"]})["outputs"][0]["id"]
    assert len(list_jobs(customer)) == 1


def test_what_can_be_drawn_is_listed(mcp: Sdk) -> None:
    """Models, one of them with its parameters, styles, and what a prompt says."""
    calls = [
        ["list_models", {}],
        ["list_models", {"model": "picturebook"}],
        ["list_styles", {"model": "picturebook"}],
        ["check_prompt", {"prompt": "a large red mug"}],
    ]
    models, model, styles, report = [each["structured"] for each in mcp.call("call", calls=calls)["results"]]
    assert "picturebook" in [each["id"] for each in models["models"]]
    assert "guidance_scale" in model["parameters"]["text-to-image"]["properties"]
    assert "packshot-on-white" in [each["name"] for each in styles["styles"]]
    assert report["model"] == "picturebook"


def test_errors_are_results_that_a_model_reads(mcp: Sdk, customer: Customer, paused: Callable[[], None]) -> None:
    """What is wrong with a call is said in its result, with each field; a tool that is not there is an error of the protocol."""
    job = customer.submit(**SMALL)
    calls: list[list[Any]] = [
        ["submit_job", SMALL | {"width": 65, "of_nobody": 1}],
        ["get_job", {"job_id": "job_of_nobody"}],
        ["get_job", {}],
        ["wait_for_job", {"job_id": job["id"], "seconds": 100}],
        ["list_models", {"model": "of-nobody"}],
        ["draw", {}],
        ["cancel_job", {"job_id": job["id"]}],
        ["cancel_job", {"job_id": job["id"]}],
    ]
    *refused, unknown, cancelled, again = mcp.call("call", calls=calls)["results"]
    assert all(each["is_error"] for each in refused)
    texts = [each["content"][0]["text"] for each in refused]
    for text, words in zip(texts, ("width", "no such job", "job_id", "seconds", "of-nobody"), strict=True):
        assert words in text, texts
    assert "of_nobody" in texts[0]
    assert unknown["code"] == -32602
    assert cancelled["structured"]["status"] == again["structured"]["status"] == "cancelled"
    assert len(list_jobs(customer)) == 1


def test_a_sweep_is_drawn(mcp: Sdk, customer: Customer) -> None:
    """One call is many jobs, whose images are found by the sweep; its contact sheet is a link."""
    sweep = {"prompts": ["a red mug", "a blue mug"], "seeds": [1, 2], "base": {"width": 64, "height": 64, "steps": 1}}
    [sent] = mcp.call("call", calls=[["submit_sweep", sweep]])["results"]
    sweep_id = sent["structured"]["sweep_id"]
    assert (sent["structured"]["cells"], "get_sweep" in sent["structured"]["next"]) == (4, True)
    deadline = time.monotonic() + 60
    while customer.http.get(f"/v1/sweeps/{sweep_id}").json()["finished_at"] is None:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    calls = [
        ["get_sweep", {"sweep_id": sweep_id}],
        ["find_jobs", {"sweep": sweep_id}],
        ["cancel_sweep", {"sweep_id": sweep_id}],
    ]
    read, found, refused = mcp.call("call", calls=calls)["results"]
    assert read["structured"]["counts"]["succeeded"] == 4
    assert read["content"][1]["type"] == "resource_link"
    assert len(found["structured"]["jobs"]) == 4
    assert refused["is_error"]


@pytest.mark.thorough
def test_the_protocols_inspector_finds_nothing_wrong(service: Service, customer: Customer, tmp_path: Path) -> None:
    """Its command line, which is made of the protocol's TypeScript package, checks every answer against its schemas."""
    if shutil.which("npm") is None:
        # CI has it.
        assert not os.environ.get("CI")
        pytest.skip("needs Node: apt-get install nodejs npm")
    subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "@modelcontextprotocol/inspector@1.0.3"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=400,
    )

    def inspect(*arguments: str) -> Any:
        script = tmp_path / "node_modules/@modelcontextprotocol/inspector/cli/build/index.js"
        inspector = ["node", str(script), f"{service.url}/mcp", "--transport", "http"]
        key = ["--header", f"Authorization: Bearer {customer.api_key}"]
        trusted = os.environ | {"NODE_EXTRA_CA_CERTS": str(service.proxy.authority_file)}
        answer = subprocess.run(
            [*inspector, *key, "--method", *arguments],
            env=trusted,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout)

    assert {tool["name"] for tool in inspect("tools/list")["tools"]} == TOOLS
    arguments = [part for name, value in SMALL.items() for part in ("--tool-arg", f"{name}={value}")]
    job = inspect("tools/call", "--tool-name", "submit_job", *arguments)["structuredContent"]
    waited = inspect("tools/call", "--tool-name", "wait_for_job", "--tool-arg", f"job_id={job['job_id']}")
    assert [each["type"] for each in waited["content"]] == ["text", "resource_link", "image"]
