"""The pages of docs/dialects: their code runs, as it stands, with the client that it imports."""

from __future__ import annotations

import re

import pytest

from tests.acceptance.customer import Customer
from tests.conftest import REPOSITORY
from tests.dialects.conftest import Service, build_sdk, list_jobs

PAGES = REPOSITORY / "docs/dialects"

#: By page, the environment that its code runs in.
ENVIRONMENTS = {
    "openai": "openai",
    "a1111": "a1111",
    "replicate": "replicate1",
    "fal": "fal",
    "runpod": "runpod",
    "huggingface": "huggingface",
    "mcp": "mcp",
}


@pytest.mark.slow
@pytest.mark.parametrize("page", ENVIRONMENTS)
def test_its_code_runs(page: str, service: Service, customer: Customer) -> None:
    """What stands on the page draws a picture, and shows something of it."""
    [code] = re.findall(r"```python\n(.*?)```", (PAGES / f"{page}.md").read_text(), re.DOTALL)
    shown = build_sdk(service, customer, ENVIRONMENTS[page], page).run_code(code)
    [job] = list_jobs(customer)
    assert job["status"] == "succeeded"
    # Hugging Face's client hands out nothing but pixels.
    assert job["id"] in shown or page == "huggingface", shown


def test_every_dialect_has_a_page() -> None:
    """Each is linked in the table of docs/dialects, and has code that runs."""
    folders = {path.parent.name for path in (REPOSITORY / "api/dialects").glob("*/blueprint.py")}
    linked = set(re.findall(r"\]\((\w+)\.md\) \|$", (PAGES / "README.md").read_text(), re.MULTILINE))
    assert folders == linked == {*ENVIRONMENTS}
