"""Every dialect, and how the app learns them."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from flask import Flask, Response

from api.problems import Problem
from api.translation.dialect import EXTENSION, Dialect, find_dialect

#: The folders of `api/dialects`. Every file in them is imported, so that it adds its operations to the blueprint; `blueprint.py` has the
#: dialect as DIALECT.
NAMES = (
    "a1111",
    "fal",
    "huggingface",
    "mcp",
    "openai",
    "replicate",
    "runpod",
)


def _load(name: str) -> Dialect:
    folder = import_module(f"api.dialects.{name}")
    for file in iter_modules(folder.__path__, f"{folder.__name__}."):
        import_module(file.name)
    dialect: Dialect = import_module(f"{folder.__name__}.blueprint").DIALECT
    return dialect


DIALECTS: tuple[Dialect, ...] = tuple(map(_load, NAMES))


def register_dialects(app: Flask) -> None:
    """Let the app speak every dialect. Each error that leaves it at an address of a dialect is in the words of that."""
    app.extensions[EXTENSION] = {dialect.root: dialect for dialect in DIALECTS}
    for dialect in DIALECTS:
        app.register_blueprint(dialect.blueprint)

    @app.after_request
    def show_problem(response: Response) -> Response:
        if response.mimetype == "application/problem+json":
            dialect = find_dialect()
            if dialect is not None:
                dialect.show_problem(Problem.model_validate_json(response.get_data()), response)
        return response
