"""The commands of docs/deployment.md, taken out of its blocks."""

from __future__ import annotations

import re
import textwrap

from tests.conftest import REPOSITORY

_TEXT = (REPOSITORY / "docs/deployment.md").read_text()


def read_blocks(heading: str) -> list[str]:
    """The shell commands under a heading of the second level, block by block in their order."""
    section = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", _TEXT, re.MULTILINE | re.DOTALL)
    assert section, f"docs/deployment.md has no heading {heading!r}"
    blocks = re.findall(r"^( *)```sh\n(.*?)^ *```$", section[1], re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(text) for _, text in blocks]


def read_block(heading: str, beginning: str, **instead: str) -> str:
    """The one block under the heading that has a line with this beginning; names in capitals are replaced."""
    (found,) = [block for block in read_blocks(heading) if re.search(rf"^{re.escape(beginning)}", block, re.MULTILINE)]
    for name, value in instead.items():
        assert re.search(rf"\b{name}\b", found), f"no {name} in {found!r}"
        found = re.sub(rf"\b{name}\b", value, found)
    return found
