"""The documents name what there is: links, folders, decisions, and the files of the glossary."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.guards.compose_file import REPOSITORY

#: Fetched models bring documents of their own, and a virtual environment hides behind a dot.
_FOREIGN = {"models", "build"}

DOCUMENTS = sorted(
    path
    for pattern in ("*.md", ".github/**/*.md", "[!.]*/**/*.md")
    for path in REPOSITORY.glob(pattern)
    if path.relative_to(REPOSITORY).parts[0] not in _FOREIGN
)

ARCHITECTURE = (REPOSITORY / "docs/architecture.md").read_text()
GLOSSARY = (REPOSITORY / "docs/glossary.md").read_text()

#: Folders of code whose own folders the rooms of docs/architecture.md name, each by its path.
_NAMED_ROOMS = [
    *("admin", "api", "bench", "client", "core", "demo_model", "infra", "migrations", "tests", "worker"),
    *("core/jobs", "worker/rendering"),
]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_every_link_leads_somewhere(path: Path) -> None:
    """A relative link leads to a file or folder of the repository and, with an anchor, to a heading of it."""
    for target in _list_links(path.read_text()):
        file, _, anchor = target.partition("#")
        found = (path.parent / file).resolve() if file else path
        assert found.exists(), f"{target}: there is no such file"
        assert found.is_relative_to(REPOSITORY), f"{target}: leads out of the repository"
        if anchor:
            assert anchor in _list_anchors(found.read_text()), f"{target}: there is no such heading"


def test_the_links_of_a_text_are_found() -> None:
    """Links and images are read, and neither what code shows nor what leads to the network."""
    text = "[a](b.md#c) ![d](e.png) [f](https://g) `[h](i)`\n```\n[j](k)\n```\n## L `m`, *n*: o_p\n## L m n op\n# l m n op\n"
    assert list(_list_links(text)) == ["b.md#c", "e.png"]
    assert _list_anchors(text) == {"l-m-n-o_p", "l-m-n-op", "l-m-n-op-1"}


@pytest.mark.parametrize("room", _NAMED_ROOMS)
def test_every_room_is_named(room: str) -> None:
    """The rooms of docs/architecture.md name each folder of code, and the folders in it."""
    blocks = re.search(r"## The rooms\n(.*?)\n## ", ARCHITECTURE, re.DOTALL)
    assert blocks
    lines = re.search(rf"^{room}/ .*\n(?:[ ].*\n)*", blocks[1], re.MULTILINE)
    assert lines, f"{room}/ has no line"
    folders = {path.parent.name for path in (REPOSITORY / room).glob("*/*.py")}
    assert folders <= set(re.findall(r"(\w+)/", lines[0]))


def test_no_room_is_left_out() -> None:
    """Every folder with code at the top of the repository is one of those above."""
    assert {path.relative_to(REPOSITORY).parts[0] for path in REPOSITORY.glob("[!.]*/**/*.py")} - _FOREIGN <= {
        *_NAMED_ROOMS
    }


def test_every_decision_is_listed() -> None:
    """Decisions are numbered without gaps, and the list has each once, in order and by its title."""
    folder = REPOSITORY / "docs/decisions"
    records = sorted(folder.glob("[0-9]*.md"))
    assert [path.name[:5] for path in records] == [f"{number:04}-" for number in range(1, len(records) + 1)]
    titles = [path.read_text().splitlines()[0] for path in records]
    listed = re.findall(r"^\| (\d{4}) \| \[(.+)\]\((.+)\) \|$", (folder / "README.md").read_text(), re.MULTILINE)
    assert listed == [
        (path.name[:4], title.removeprefix(f"# {path.name[:4]}: "), path.name)
        for path, title in zip(records, titles, strict=True)
    ]


def test_the_glossary_is_in_order() -> None:
    """Terms stand in alphabetical order, each once, and each says where it lives."""
    entries = re.findall(r"^- \*\*(.+?)\*\*(.*(?:\n  .+)*)", GLOSSARY, re.MULTILINE)
    terms = [term + (note[0] if (note := re.match(r" \(.+?\)", text)) else "") for term, text in entries]
    assert terms == sorted(set(terms), key=str.lower)
    for term, text in entries:
        assert re.search(r"\]\([^)]+\)$", text), f"{term}: ends without its file"


def _list_links(text: str) -> Iterator[str]:
    """The targets of the links and images that lead into the repository."""
    prose = re.sub(r"^( *)```.*?^\1```$|`[^`\n]*`", "", text, flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if not re.match(r"[a-z]+:", target):
            yield target


def _list_anchors(text: str) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    counts: Counter[str] = Counter()
    anchors = set()
    for heading in re.findall(r"^#+ (.+)$", prose, re.MULTILINE):
        anchor = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        anchors.add(f"{anchor}-{counts[anchor]}" if counts[anchor] else anchor)
        counts[anchor] += 1
    return anchors
