"""What a picture was made from: read back from its file, found by its bytes, and written as code that runs."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Page, expect

from infra.local import LocalStack
from tests.acceptance.customer import SMALL, Customer
from tests.dialects.environments import prepare
from tests.page.conftest import Visitor
from tests.page.wait_in_page import wait_in_page

_READ = """async (encoded) => {
  const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
  const { readSettings } = await import("/page/pictures/png_settings.js");
  return readSettings(new File([bytes], "picture.png", { type: "image/png" }));
}"""

_DRAG = """(encoded) => {
  const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
  window.dragged = new DataTransfer();
  dragged.items.add(new File([bytes], "picture.png", { type: "image/png" }));
  window.dispatchEvent(new DragEvent("dragenter", { dataTransfer: dragged, bubbles: true }));
  return document.querySelector(".drop-zone") !== null;
}"""

_DROP = (
    "(zone) => zone.dispatchEvent(new DragEvent('drop', { dataTransfer: dragged, bubbles: true, cancelable: true }))"
)


def read_settings(page: Page, body: bytes) -> dict[str, Any] | None:
    read: dict[str, Any] | None = page.evaluate(_READ, base64.b64encode(body).decode())
    return read


def with_texts(**texts: str) -> bytes:
    info = PngInfo()
    for keyword, text in texts.items():
        info.add_text(keyword, text)
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def test_a_picture_that_is_dropped_restores_its_settings(visitor: Visitor, customer: Customer) -> None:
    """One that was saved by its address, in another browser: it is known by its bytes. The same request draws it again."""
    job = customer.wait_until_finished(
        customer.submit(
            'a "red" mug', negative_prompt="blue", seed=11, num_images=2, deterministic=True, width=64, height=64
        )
    )
    body = customer.download(job["outputs"][1])
    with visitor.signed_in() as (page, _):
        # Somebody who drags goes on until the page shows where to drop.
        wait_in_page(page, _DRAG, argument=base64.b64encode(body).decode())
        page.locator(".drop-zone", has_text="Restore its settings").evaluate(_DROP)

        prompt = page.get_by_role("textbox", name="Prompt", exact=True)
        expect(prompt).to_have_value('a "red" mug')
        restored = read_settings(page, body)

    assert restored is not None
    assert (restored["seed"], restored["num_images"], restored["negative_prompt"]) == (12, 1, "blue")
    # Bits are promised for the same number of images; alone, a level of a pixel may be another.
    both = customer.submit(**restored | {"seed": 11, "num_images": 2})
    alone, both = customer.wait_until_all_finished([customer.submit(**restored), both])
    assert both["outputs"][1]["sha256"] == job["outputs"][1]["sha256"]
    drawn, before = (
        np.asarray(Image.open(io.BytesIO(picture)), dtype=int)
        for picture in (customer.download(alone["outputs"][0]), body)
    )
    assert np.abs(drawn - before).max() <= 1


def test_a_download_carries_its_settings(page: Page, customer: Customer) -> None:
    """A file that the page has saved is known without the service, and other programs find a text that they read."""
    job = customer.wait_until_finished(customer.submit("a red mug — 家", seed=11, **SMALL))
    written = page.evaluate(
        """async (job) => {
          const { settingsOf, writeSettings } = await import("/page/pictures/png_settings.js");
          const stored = await (await fetch(job.outputs[0].url)).blob();
          const blob = await writeSettings(stored, settingsOf(job, job.outputs[0]));
          return [...new Uint8Array(await blob.arrayBuffer())];
        }""",
        job,
    )
    body = bytes(written)

    with Image.open(io.BytesIO(body)) as image:
        image.verify()
        assert json.loads(image.info["darkroom"])["prompt"] == "a red mug — 家"
        assert image.info["parameters"].startswith("a red mug — 家\nSteps: 1, Sampler: DDIM")
    restored = read_settings(page, body)
    assert restored is not None
    assert {**job["request"], **restored} == restored


@pytest.mark.parametrize("compressed", [False, True])
def test_settings_of_other_programs(page: Page, compressed: bool) -> None:
    """A text as AUTOMATIC1111 writes it becomes a request by our names."""
    info = PngInfo()
    text = (
        "a red mug, <lora:ink:0.8> on a table\nthe second line\nNegative prompt: blue, text\n"
        "Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6.5, Seed: 123, Size: 640x512, "
        'Model hash: abc, Model: "v1, 5", Clip skip: 2'
    )
    info.add_text("parameters", text, zip=compressed)
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG", pnginfo=info)

    assert read_settings(page, buffer.getvalue()) == {
        "prompt": "a red mug, on a table\nthe second line",
        "negative_prompt": "blue, text",
        "loras": [{"id": "ink", "scale": 0.8}],
        "num_inference_steps": 20,
        "guidance_scale": 6.5,
        "seed": 123,
        "width": 640,
        "height": 512,
        "scheduler": "dpmpp_2m_karras",
        "clip_skip": 1,
    }


@pytest.mark.parametrize(
    "body",
    [b"no picture", with_texts(), with_texts(darkroom="{", parameters="words alone"), with_texts(darkroom="[1]")[:80]],
    ids=["text", "bare", "broken", "cut off"],
)
def test_nothing_is_made_up(page: Page, body: bytes) -> None:
    """Of a file of which nothing is known there are no settings."""
    assert read_settings(page, body) is None


_NASTY = {
    "prompt": 'it\'s a "red" mug; $(touch pwned) `id` \\ {x} 家 \n second line',
    "model": "picturebook",
    "deterministic": True,
    **SMALL,
}


def copy_as(page: Page, kind: str) -> str:
    script = "async ([request, kind]) => (await import('/page/pictures/copy_as.js')).copyAs(request, kind)"
    return str(page.evaluate(script, [{**_NASTY, "style": None}, kind]))


@pytest.mark.parametrize("kind", ["curl", "httpx2"])
def test_copied_code_runs(page: Page, customer: Customer, stack: LocalStack, tmp_path: Path, kind: str) -> None:
    """As it is copied, whatever the prompt holds: the job has just the request, and no shell has looked into it."""
    code = copy_as(page, kind)
    command = ["sh", "-c", code] if kind == "curl" else [sys.executable, "-c", code]
    environment = {**os.environ, "DARKROOM_API_KEY": customer.api_key}

    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stderr
    [job] = customer.http.get("/v1/jobs").json()["data"]
    assert job["request"]["prompt"] == _NASTY["prompt"]
    assert {**job["request"], **{name: value for name, value in _NASTY.items() if name != "model"}} == job["request"]
    assert list(tmp_path.iterdir()) == []
    assert stack.url in code


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_copied_code_for_openais_client_runs(page: Page, customer: Customer, tmp_path: Path) -> None:
    """With the published client: the same request, and its picture in a file."""
    code = copy_as(page, "openai")
    environment = {"PATH": os.environ["PATH"], "DARKROOM_API_KEY": customer.api_key}

    done = subprocess.run(
        [prepare("openai"), "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    [job] = customer.http.get("/v1/jobs").json()["data"]
    assert {**job["request"], **{name: value for name, value in _NASTY.items() if name != "model"}} == job["request"]
    [saved] = tmp_path.iterdir()
    assert saved.read_bytes() == customer.download(job["outputs"][0])
