"""The code blocks of a page of documentation, and what is put into the places that a reader fills in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```(\w+)(?: (\w+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)

#: Ids that a page shortens: `job_0199…`.
_SHORTENED = re.compile(r"\b([a-z]{3,5})_0199…")

#: Every answer has to be a success, or in a block that says so a refusal. A stream without an end is read for a while.
_CURL = """
curl() {
    local status=0
    command curl --fail-with-body --max-time 15 "$@" || status=$?
    case "$EXPECTED:$status" in
        success:0 | success:28 | refused:22) return 0 ;;
        *) echo "curl ended with $status, where a $EXPECTED was expected: curl $*" >&2; return 1 ;;
    esac
}
"""


@dataclass(frozen=True)
class DocumentedCode:
    """What a reader of the page would run, in the page's order."""

    shell: str
    python: str


def list_needed(page: Path) -> set[str]:
    """The prefixes of the ids that the page's code uses."""
    code = "\n".join(code for _, _, code in _BLOCK.findall(page.read_text()))
    return {*_SHORTENED.findall(code), *(["job"] if re.search(r"\bJOB\b", code) else [])}


def read_code(page: Path, ids: dict[str, str]) -> DocumentedCode:
    """The page's commands as one script, and its Python as one program. `ids` are real ones by their prefixes."""
    blocks = _BLOCK.findall(page.read_text())
    shell = [f"EXPECTED={mark or 'success'}\n{code}" for language, mark, code in blocks if language == "sh"]
    python = [code for language, _, code in blocks if language == "python"]
    return DocumentedCode(
        shell="\n".join(["set -euo pipefail", _CURL, *(_fill_in(code, ids) for code in shell)]) if shell else "",
        python="\n".join(_fill_in(code, ids) for code in python),
    )


def _fill_in(code: str, ids: dict[str, str]) -> str:
    return _SHORTENED.sub(lambda shortened: ids[shortened[1]], code)
