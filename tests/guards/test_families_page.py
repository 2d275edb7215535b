"""docs/families.md is the table of pipeline classes, and names each of them once."""

from __future__ import annotations

import re

from core.catalog.families import list_families, list_refused
from core.catalog.family_table import format_families, format_families_page
from tests.guards.compose_file import REPOSITORY

PAGE = REPOSITORY / "docs/families.md"


def test_the_page_is_the_table() -> None:
    """After a change: `darkroom-models families --markdown > docs/families.md`."""
    assert PAGE.read_text(encoding="utf-8") == format_families_page()


def test_every_class_stands_once() -> None:
    """Those that are served in a row, those that are refused below their reason; in the terminal's table too."""
    served = {name for family in list_families().values() for name in family.class_names | family.stage_names}
    page = PAGE.read_text(encoding="utf-8")
    rows, _, below = page.partition("## Refused")

    assert sorted(re.findall(r"^\| `(\w+)`", rows, re.MULTILINE)) == sorted(served)
    assert sorted(re.findall(r"`(\w+)`", below)) == sorted(list_refused())
    printed = format_families()
    assert all(re.search(rf"\b{name}\b", printed) for name in served | list_refused().keys())
