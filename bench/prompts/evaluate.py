"""Compare what the report finds with the marks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from bench.prompts.marked_prompts import MarkedPrompt
from core.prompts.build_report import build_report
from core.prompts.prompt_report import ElementView

KINDS = ("object", "colour", "style")


@dataclass
class Score:
    """Counts by kind. A finding is right if a mark of its kind overlaps with it; each mark is found or not."""

    found: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    #: Findings without a mark.
    wrong: Counter[str] = field(default_factory=Counter)
    #: Marks whose very span was found.
    exact: Counter[str] = field(default_factory=Counter)
    #: A line for each mark that was missed, and each finding without one.
    faults: list[str] = field(default_factory=list)

    def precision(self, kind: str) -> float:
        return self.found[kind] / max(1, self.found[kind] + self.wrong[kind])

    def recall(self, kind: str) -> float:
        return self.found[kind] / max(1, self.found[kind] + self.missed[kind])

    def exact_recall(self, kind: str) -> float:
        """As recall, but only for spans that are equal to the last code point."""
        return self.exact[kind] / max(1, self.found[kind] + self.missed[kind])


def evaluate(prompts: Iterable[MarkedPrompt]) -> Score:
    """The score of the report on the prompts."""
    score = Score()
    for prompt in prompts:
        report = build_report({"prompt": prompt.text}, None)
        _compare(prompt, [each for each in report.elements if each.kind in KINDS], score)
    return score


def _compare(prompt: MarkedPrompt, elements: list[ElementView], score: Score) -> None:
    right: set[int] = set()
    for mark in prompt.marks:
        overlapping = [
            number
            for number, each in enumerate(elements)
            if each.start < mark.end and each.end > mark.start and (each.kind == mark.kind or mark.optional)
        ]
        right.update(overlapping)
        if mark.optional:
            continue
        if overlapping:
            score.found[mark.kind] += 1
            is_exact = any((elements[each].start, elements[each].end) == (mark.start, mark.end) for each in overlapping)
            score.exact[mark.kind] += is_exact
        else:
            score.missed[mark.kind] += 1
            score.faults.append(f"missed {mark.kind} “{prompt.text[mark.start : mark.end]}”: {prompt.text}")
    for number, each in enumerate(elements):
        if number not in right:
            score.wrong[each.kind] += 1
            score.faults.append(f"wrong {each.kind} “{each.text}”: {prompt.text}")
