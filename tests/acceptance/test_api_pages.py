"""The code on the pages of docs/api does what they say, run as a reader runs it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.acceptance.customer import SMALL, Customer
from tests.acceptance.documented_code import list_needed, read_code
from tests.conftest import REPOSITORY

_PAGES = sorted((REPOSITORY / "docs/api").glob("*.md"))


def test_every_page_is_listed() -> None:
    """In the README of the folder."""
    listed = re.findall(r"^\| \[([\w-]+\.md)\]", (REPOSITORY / "docs/api/README.md").read_text(), re.MULTILINE)

    assert sorted([*listed, "README.md"]) == sorted(page.name for page in _PAGES)


@pytest.mark.slow
@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.stem)
def test_what_a_page_says_works(customer: Customer, tmp_path: Path, page: Path) -> None:
    """Its commands one after another in one shell, then its Python as one program, with an account of their own."""
    ids = _make_things(customer, tmp_path, list_needed(page))
    code = read_code(page, ids)
    environment = os.environ | {
        "DARKROOM_URL": str(customer.http.base_url).rstrip("/"),
        "DARKROOM_API_KEY": customer.http.headers["Authorization"].split()[1],
        "JOB": ids.get("job", ""),
    }
    for command, text in (["bash", "-s"], code.shell), ([sys.executable, "-"], code.python):
        if text:
            ran = subprocess.run(
                command,
                input=text,
                env=environment,
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=100,
                check=False,
            )
            assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"


def _make_things(customer: Customer, folder: Path, needed: set[str]) -> dict[str, str]:
    """What a page speaks of: a finished job and its image, a file and a sweep of the account, by prefix; and pictures."""
    ids: dict[str, str] = {}
    for name in ("cat.jpg", "mask.png", "sketch.png"):
        Image.linear_gradient("L").convert("RGB").resize((128, 128)).save(folder / name)
    if needed & {"job", "art"}:
        job = customer.wait_until_finished(customer.submit(**SMALL))
        ids |= {"job": job["id"], "art": job["outputs"][0]["id"]}
    if "file" in needed:
        sent = customer.http.post("/v1/files", files={"file": (folder / "cat.jpg").read_bytes()})
        ids["file"] = sent.raise_for_status().json()["id"]
    if "sweep" in needed:
        asked = {"prompts": ["a", "b"], "base": SMALL}
        ids["sweep"] = customer.http.post("/v1/sweeps", json=asked).raise_for_status().json()["id"]
    return ids
