"""The page of a run, as Markdown and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from bench.gpu_check.findings import Outcome, Verdict
from bench.markdown import write_rows


def write_page(
    outcomes: Sequence[Outcome], machine: Mapping[str, str], *, seconds: float, command: str, folder: Path
) -> None:
    """Write `page.md` and `page.json` to the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = {
        "command": command,
        "verdict": summarise(outcomes),
        "seconds": round(seconds, 1),
        "machine": dict(machine),
        "parts": [{**asdict(outcome), "verdict": outcome.verdict} for outcome in outcomes],
    }
    (folder / "page.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    (folder / "page.md").write_text(_write_markdown(outcomes, machine, seconds, command), encoding="utf-8")


def summarise(outcomes: Sequence[Outcome]) -> Verdict:
    """Bad if any part is."""
    return Verdict.BAD if any(outcome.verdict is Verdict.BAD for outcome in outcomes) else Verdict.GOOD


def _write_markdown(outcomes: Sequence[Outcome], machine: Mapping[str, str], seconds: float, command: str) -> str:
    rows = [[outcome.title, outcome.verdict, f"{outcome.seconds:.0f}"] for outcome in outcomes]
    paragraphs = [
        f"# The engine on {machine['device']}",
        f"`{command}`, {seconds:.0f} s. Weights are random, and of the published sizes unless the check is tiny.",
        write_rows(["part", "verdict", "seconds"], rows),
    ]
    for outcome in outcomes:
        paragraphs.append(f"## {outcome.title}")
        if outcome.failure is not None:
            paragraphs.append(f"**Failed:** {outcome.failure}")
        if outcome.findings:
            found = [[finding.title, finding.measured, finding.verdict] for finding in outcome.findings]
            paragraphs.append(write_rows(["", "measured", "verdict"], found))
        if outcome.log:
            paragraphs.append(f"```\n{outcome.log}\n```")
    paragraphs += ["## Where", write_rows(["", ""], [[name, value] for name, value in machine.items()])]
    return "\n\n".join(paragraphs) + "\n"
