"""`darkroom check`: what a prompt says."""

from __future__ import annotations

from typing import Annotated

import typer

from darkroom import Darkroom
from darkroom.command_line.options import Json
from darkroom.command_line.printing import print_fields, print_json


def check(
    prompt: Annotated[str, typer.Argument(help="The prompt.")],
    *,
    negative: Annotated[
        str | None, typer.Option("--negative-prompt", "--negative", help="What the picture does not show.")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", "-m", help="For this model.")] = None,
    json: Json = False,
) -> None:
    """Say what a prompt names, how many tokens it has, what is cut off, and what could be better. Nothing is drawn."""
    with Darkroom() as darkroom:
        found = darkroom.prompts.check(prompt, negative_prompt=negative, model=model)
    if json:
        print_json(found)
        return
    fields: dict[str, object] = {"model": found.model}
    for count in found.tokens or []:
        limit = "" if count.limit is None else f" of {count.limit}"
        fields[f"tokens of {count.field}"] = f"{count.tokens}{limit}" + (
            f", cut off: {count.cut_off.text}" if count.cut_off else ""
        )
    kinds = dict.fromkeys(element.kind for element in found.elements)
    for kind in kinds:
        fields[kind] = ", ".join(element.text for element in found.elements if element.kind == kind)
    said = [each.message for each in found.contradictions] + [each.message for each in found.advice]
    fields |= {f"advice {position}": message for position, message in enumerate(said, 1)}
    print_fields(fields)
