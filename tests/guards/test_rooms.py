"""The rooms of the product: no circle of imports, no crowded folder, a sentence for each, and SQL text that stays at home."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

import core.schema
from tests.guards.compose_file import REPOSITORY

#: The folders whose code is the product's, with what measures and trains it.
PRODUCT = ("admin", "api", "bench", "client/darkroom", "core", "demo_model", "infra", "worker")

FILES = sorted(path for name in PRODUCT for path in (REPOSITORY / name).rglob("*.py"))
FOLDERS = sorted({path.parent for path in FILES})

#: Files of Python in one folder: with more of them, nobody sees from the names what belongs together.
MOST_FILES = 25


def test_no_module_imports_itself_through_others() -> None:
    """There is no circle of imports, those inside functions and those for types alone included."""
    graph = {name: _list_imports(name) for name in _modules()}
    assert sum(len(imports) for imports in graph.values()) > len(graph), "no imports were found"
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' <- '.join(error.args[1])}")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(REPOSITORY)))
def test_a_folder_can_be_taken_in_at_a_glance(folder: Path) -> None:
    """No folder has more files than a reader can look over."""
    assert len(list(folder.glob("*.py"))) <= MOST_FILES


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(REPOSITORY)))
def test_a_folder_says_what_belongs_into_it(folder: Path) -> None:
    """The docstring of each package begins with one sentence, in a paragraph of its own."""
    sentence = (ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or "").partition("\n\n")[0]
    assert re.fullmatch(r"\S.{10,}\.", sentence, re.DOTALL), "no sentence"
    assert not re.search(r"[.!?]\s+[A-Z`]", sentence), "more than one sentence"


#: By folder of core, the tables that its SQL text alone may write or lock. Everything else is that of core/jobs.
OWNED_TABLES = {
    "accounts": {"accounts", "api_keys", "usage_records"},
    "artifacts": {"artifacts", "boards", "board_outputs"},
    "pools": {"workers", "pauses"},
    "webhooks": {"webhook_endpoints", "webhook_events", "webhook_deliveries", "webhook_attempts"},
    "batches": {"batches", "batch_files"},
    "sweeps": {"sweeps"},
}
OWNED_TABLES["jobs"] = set(core.schema.metadata.tables) - set().union(*OWNED_TABLES.values())

#: By folder of core: the tables of other rooms that its SQL text may read. What it wants to write there, or to know
#: beyond this, it takes from the owner as a fragment of SQL.
READ_TABLES = {
    # Weight, limits and retention of the job's account.
    "jobs/submit": {"accounts"},
    "jobs/outcomes": {"accounts"},
    "jobs/queue": {"accounts"},
    # Whether the account is paused, and when what it paid for was done.
    "jobs/own_queue": {"accounts", "usage_records"},
    # A page of pictures is one statement over them and their jobs.
    "gallery": {"artifacts", "jobs"},
    # The checker holds all tables against each other.
    "jobs/audit": set(core.schema.metadata.tables),
}


def test_every_table_has_one_owner() -> None:
    """The table of owners names each table of the schema once."""
    owned = sorted(name for names in OWNED_TABLES.values() for name in names)
    assert owned == sorted(core.schema.metadata.tables)


@pytest.mark.parametrize(
    "path", sorted((REPOSITORY / "core").rglob("*.py")), ids=lambda path: str(path.relative_to(REPOSITORY))
)
def test_sql_text_stays_in_its_room(path: Path) -> None:
    """A table is written and locked by the text of the room that owns it, and read by that of rooms that may."""
    folder = path.parent.relative_to(REPOSITORY / "core")
    owned = OWNED_TABLES.get(folder.parts[0] if folder.parts else "", set())
    for sql in _list_sql(path):
        tables = read_tables(sql)
        assert tables.written <= owned, f"writes tables of another room:\n{sql}"
        assert tables.read <= owned | READ_TABLES.get(str(folder), set()), f"reads tables of another room:\n{sql}"


@pytest.mark.parametrize(
    ("sql", "read", "written"),
    [
        ("SELECT * FROM jobs JOIN accounts AS a ON true", {"jobs", "accounts"}, set()),
        ("select from accounts where id = :id for no key update", {"accounts"}, {"accounts"}),
        ("SELECT FROM jobs AS job, accounts FOR UPDATE OF job", {"jobs", "accounts"}, {"jobs"}),
        ("WITH x AS (SELECT FROM jobs FOR SHARE) SELECT FROM artifacts", {"jobs", "artifacts"}, {"jobs"}),
        ("INSERT INTO jobs AS j (id) VALUES (1) ON CONFLICT DO UPDATE SET room = 1", set(), {"jobs"}),
        ("UPDATE jobs SET x = 1 FROM accounts AS a WHERE true", {"accounts"}, {"jobs"}),
        ("DELETE FROM artifacts USING jobs WHERE true", {"jobs"}, {"artifacts"}),
        ("LOCK TABLE accounts IN SHARE MODE", set(), {"accounts"}),
        ("WITH jobs AS MATERIALIZED (SELECT 1) SELECT FROM jobs", set(), set()),
        ("the job comes from jobs that others sent", {"jobs"}, set()),
    ],
)
def test_the_tables_of_a_statement_are_found(sql: str, read: set[str], written: set[str]) -> None:
    """What this guard reads off a text is what PostgreSQL would do."""
    assert read_tables(sql) == (read, written)


@cache
def _modules() -> dict[str, Path]:
    """Every module of the product by its name; a package is the module of its `__init__.py`."""
    return {_name_module(path): path for path in FILES}


def _name_module(path: Path) -> str:
    name = ".".join(path.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__")
    # A distribution of its own, which lies in a folder of the repository.
    return name.removeprefix("client.")


def _list_imports(module: str) -> set[str]:
    """The product's modules that one imports, wherever in it the import stands."""
    found: set[str] = set()
    for node in ast.walk(_parse(_modules()[module])):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name in _modules()}
        elif isinstance(node, ast.ImportFrom):
            package = _find_package(module, node)
            found |= {source for alias in node.names if (source := _find_source(package, alias.name)) is not None}
    return found


def _find_package(module: str, node: ast.ImportFrom) -> str:
    """The absolute name of what a module imports from; a dot is the module's own package, a further dot the one around it."""
    if not node.level:
        return node.module or ""
    parts = _modules()[module].relative_to(REPOSITORY).parts
    return ".".join([*parts[: len(parts) - node.level], *filter(None, [node.module])])


def _find_source(package: str, name: str) -> str | None:
    """The module that `from package import name` is about: a module of the package, or the one that defines the name if the
    package only hands it on.
    """
    if f"{package}.{name}" in _modules():
        return f"{package}.{name}"
    if package not in _modules():
        return None
    handed_on = _list_handed_on(package)
    return _find_source(*handed_on[name]) if name in handed_on else package


@cache
def _list_handed_on(package: str) -> dict[str, tuple[str, str]]:
    """By name, where an `__init__.py` that holds nothing but imports takes it from; empty for every other module."""
    path = _modules()[package]
    statements = [node for node in _parse(path).body if not _is_docstring(node) and not _is_all(node)]
    if path.name != "__init__.py" or not all(isinstance(node, (ast.Import, ast.ImportFrom)) for node in statements):
        return {}
    return {
        alias.asname or alias.name: (_find_package(package, node), alias.name)
        for node in statements
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_all(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]


class Tables(NamedTuple):
    """The tables of our schema that a statement names, by what it does with them."""

    read: set[str]
    #: Inserted into, updated, deleted from, or locked.
    written: set[str]


#: What follows a table without being its alias.
_WORDS = (
    "cross|for|full|group|having|inner|join|left|limit|natural|on|order|returning|right|set|union|using|where|window"
)
_ITEM = rf"\w+(?:\s+(?:as\s+)?(?!(?:{_WORDS})\b)\w+)?"
_SOURCE = re.compile(rf"(?P<is_deleted>\bdelete\s+)?\b(?:from|join|using)\s+(?P<items>{_ITEM}(?:\s*,\s*{_ITEM})*)")
_WRITTEN = re.compile(r"\b(?:insert\s+into|update|lock\s+table|delete\s+from)\s+(\w+)")
_LOCK = re.compile(
    r"\bfor\s+(?:no\s+key\s+update|update|key\s+share|share)\b(?:\s+of\s+(?P<names>\w+(?:\s*,\s*\w+)*))?"
)


def read_tables(sql: str) -> Tables:
    """The tables of our schema in a text; a name that the text itself defines (`WITH name AS (…)`) is none."""
    text = re.sub(r"--.*", "", sql).lower()
    known = set(core.schema.metadata.tables) - set(re.findall(r"\b(\w+)\s+as\s+(?:materialized\s+)?\(", text))
    written = set(_WRITTEN.findall(text))
    for lock in _LOCK.finditer(text):
        sources = _list_sources(_cut_out_query(text, lock.start()))
        named = re.findall(r"\w+", lock["names"] or "")
        written |= {sources.get(name, name) for name in named} if named else set(sources.values())
    return Tables(set(_list_sources(text).values()) & known, written & known)


def _list_sources(text: str) -> dict[str, str]:
    """By its alias or its own name, each table after FROM, JOIN or USING."""
    found = {}
    for match in _SOURCE.finditer(text):
        if match["is_deleted"]:
            continue
        for item in match["items"].split(","):
            table, *alias = [word for word in item.split() if word != "as"]
            found[alias[0] if alias else table] = table
    return found


def _cut_out_query(text: str, end: int) -> str:
    """The query that a place in a text belongs to, up to there and without the queries inside it."""
    kept, depth = [], 0
    for character in reversed(text[:end]):
        depth += {")": 1, "(": -1}.get(character, 0)
        if depth < 0:
            break
        kept.append(character if depth == 0 else " ")
    return "".join(reversed(kept))


def _list_sql(path: Path) -> Iterator[str]:
    """The texts of a file that name tables as SQL does. Docstrings are none."""
    tree = _parse(path)
    skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        text = None
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in node.values}
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        if text is not None and any(read_tables(text)):
            yield text


@cache
def _parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text())
