"""The how-tos of docs/how-to: their programs, and how they are run."""

from __future__ import annotations

import sys
from pathlib import Path

from darkroom.connection import Connection

from tests.acceptance.documented_code import read_code
from tests.client.run_documented import run_documented
from tests.conftest import REPOSITORY

HOW_TOS = REPOSITORY / "docs/how-to"

#: What a page has below this heading needs a model that does not come with Darkroom.
_CONTROLNET = "## Its lines alone"


def run_how_to(name: str, account: Connection, folder: Path, *, with_controlnet: bool = False) -> None:
    """Run the page's Python as one program; what it saves is then in the folder."""
    page = HOW_TOS / f"{name}.md"
    if not with_controlnet:
        page = folder / page.name
        page.write_text((HOW_TOS / page.name).read_text().partition(_CONTROLNET)[0])
    run_documented([sys.executable, "-"], read_code(page, {}).python, account, folder)
