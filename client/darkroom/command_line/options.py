"""The options that several commands have."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON, one value a line.")]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="A file (.png, .jpg, .webp), or a folder. Further pictures are numbered."),
]
Timeout = Annotated[float | None, typer.Option(help="Seconds after which to wait no longer; the job goes on.")]
JobId = Annotated[str, typer.Argument(help="The id of a job, yours or the service's.")]
JobIds = Annotated[list[str], typer.Argument(help="Ids of jobs.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="How many at most.")]

#: By the name of a parameter of the service: how the command line takes it.
_REQUEST: dict[str, Any] = {
    "model": Annotated[str | None, typer.Option("--model", "-m", help="A model: `darkroom models`.")],
    "style": Annotated[str | None, typer.Option(help="A style: `darkroom styles`.")],
    "negative_prompt": Annotated[
        str | None, typer.Option("--negative-prompt", "--negative", help="What the picture does not show.")
    ],
    "size": Annotated[str | None, typer.Option(help="Width and height, such as 1024x768.")],
    "aspect_ratio": Annotated[str | None, typer.Option(help="Instead of the size, such as 16:9.")],
    "num_inference_steps": Annotated[int | None, typer.Option("--steps", help="Denoising steps.")],
    "guidance_scale": Annotated[float | None, typer.Option("--guidance", help="How closely to follow the prompt.")],
    "scheduler": Annotated[str | None, typer.Option(help="One of the model's schedulers.")],
    "seed": Annotated[int | None, typer.Option(help="The same request with the same seed draws the same picture.")],
    "num_images": Annotated[int | None, typer.Option("--count", "-n", help="Pictures for each prompt.")],
    "image": Annotated[
        list[str] | None, typer.Option("--image", "-i", help="A picture to start from: a file, an address or an id.")
    ],
    "mask_image": Annotated[str | None, typer.Option("--mask", help="Where to paint: white.")],
    "control_image": Annotated[list[str] | None, typer.Option("--control", help="What a ControlNet goes by.")],
    "strength": Annotated[float | None, typer.Option(help="How far to leave the picture: 1 is all the way.")],
    "loras": Annotated[list[str] | None, typer.Option("--lora", help="An adapter, as ID or ID:SCALE.")],
    "output_format": Annotated[str | None, typer.Option("--format", help="png, jpeg or webp.")],
    "priority": Annotated[str | None, typer.Option(help="high, normal or low.")],
    "metadata": Annotated[list[str] | None, typer.Option("--label", help="A label of yours, as NAME=VALUE.")],
    "other": Annotated[
        list[str] | None,
        typer.Option("--set", help="Any other parameter, as NAME=VALUE; the value is JSON, or else a string."),
    ],
}


def takes_request(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command with an option for each parameter of a request, in place of its own `request`, which gets those that were given."""
    hints = get_type_hints(command, include_extras=True)
    own = [
        parameter.replace(annotation=hints[name])
        for name, parameter in inspect.signature(command).parameters.items()
        if name != "request"
    ]
    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for name, annotation in _REQUEST.items()
    ]

    @wraps(command)
    def with_options(**values: Any) -> Any:
        given = {name: values.pop(name) for name in _REQUEST}
        return command(request=build_request(given), **values)

    positional = [each for each in own if each.kind is not inspect.Parameter.KEYWORD_ONLY]
    keyword = [each for each in own if each.kind is inspect.Parameter.KEYWORD_ONLY]
    signature = inspect.Signature([*positional, *keyword, *options])
    with_options.__signature__ = signature  # type: ignore[attr-defined]  # what Typer reads
    with_options.__annotations__ = {each.name: each.annotation for each in signature.parameters.values()}
    return with_options


def build_request(given: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a request from what was typed. Raises BadParameter."""
    request = {name: value for name, value in given.items() if value not in (None, [])}
    for name in ("image", "control_image"):
        if name in request and len(request[name]) == 1:
            [request[name]] = request[name]
    if "loras" in request:
        request["loras"] = [_parse_lora(text) for text in request["loras"]]
    if "metadata" in request:
        request["metadata"] = dict(split_pair(text, "--label") for text in request["metadata"])
    for text in request.pop("other", []):
        name, value = split_pair(text, "--set")
        request[name] = parse_value(value)
    return request


def split_pair(text: str, option: str) -> tuple[str, str]:
    """Name and value of NAME=VALUE. Raises BadParameter."""
    name, separator, value = text.partition("=")
    if not name or not separator:
        raise typer.BadParameter(f"{option} is NAME=VALUE, and not {text!r}")
    return name, value


def parse_value(text: str) -> Any:
    """The value as JSON, or else as the string that it is."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _parse_lora(text: str) -> dict[str, Any]:
    name, separator, scale = text.rpartition(":")
    if not separator:
        return {"id": text}
    try:
        return {"id": name, "scale": float(scale)}
    except ValueError:
        raise typer.BadParameter(f"--lora is ID or ID:SCALE, and not {text!r}") from None
