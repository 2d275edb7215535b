"""`darkroom models` and `darkroom styles`: what there is to draw with."""

from __future__ import annotations

from typing import Annotated

import typer

from darkroom import Darkroom
from darkroom.command_line.options import Json
from darkroom.command_line.printing import print_fields, print_json, print_table
from darkroom.views.models import Model


def list_models(
    model: Annotated[str | None, typer.Argument(help="One model, with its parameters.")] = None, *, json: Json = False
) -> None:
    """List the models, or show one."""
    with Darkroom() as darkroom:
        if model is not None:
            found = darkroom.models.get(model)
            if json:
                print_json(found)
                return
            print_fields(
                {
                    "id": found.id,
                    "description": found.description,
                    "ready": "yes" if found.ready else found.reason,
                    "licence": found.licence,
                    "tasks": ", ".join(found.tasks),
                    "size": f"{found.default_width}x{found.default_height}, at most {found.max_width}x{found.max_height}",
                    "steps": f"{found.default_num_inference_steps}, at most {found.max_num_inference_steps}",
                    "schedulers": ", ".join(found.schedulers),
                    **{
                        f"parameters of {task}": ", ".join(schema.get("properties", {}))
                        for task, schema in found.parameters.items()
                    },
                }
            )
            return
        models = darkroom.models.list()
        if json:
            for each in models:
                print_json(each)
            return
        print_table(
            ("id", "size", "steps", "tasks", "licence", ""),
            (
                (
                    each.id,
                    f"{each.default_width}x{each.default_height}",
                    each.default_num_inference_steps,
                    ", ".join(each.tasks),
                    each.licence,
                    _mark(each),
                )
                for each in models
            ),
            empty="no models",
        )


def _mark(model: Model) -> str:
    if not model.is_available:
        return "not installed"
    marks = ("default" if model.is_default else "", "" if model.ready else "no worker")
    return ", ".join(mark for mark in marks if mark)


def list_styles(
    style: Annotated[str | None, typer.Argument(help="One style.")] = None,
    *,
    model: Annotated[str | None, typer.Option(help="That work with this model.")] = None,
    json: Json = False,
) -> None:
    """List the styles, or show one."""
    with Darkroom() as darkroom:
        if style is not None:
            found = darkroom.styles.get(style)
            if json:
                print_json(found)
            else:
                print_fields(
                    {
                        "name": found.name,
                        "title": found.title,
                        "description": found.description,
                        "prompt": found.prompt,
                        "negative prompt": found.negative_prompt,
                        "parameters": found.parameters,
                        "models": ", ".join(found.models),
                        "example": found.example,
                    }
                )
            return
        styles = darkroom.styles.list(model=model)
        if json:
            for each in styles:
                print_json(each)
            return
        print_table(
            ("name", "title", "description"),
            ((each.name, each.title, each.description) for each in styles),
            empty="no styles",
        )
