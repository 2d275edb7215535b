"""Every dialect, and how the app learns them."""

from __future__ import annotations

from importlib import import_module

from flask import Flask, Response

from api.problems import Problem
from api.translation.dialect import EXTENSION, Dialect, find_dialect

#: The folders of `api/dialects`; `operations.py` in each has the dialect, with all its operations, as DIALECT.
NAMES = (
    "a1111",
    "fal",
    "openai",
    "replicate",
)

DIALECTS: tuple[Dialect, ...] = tuple(import_module(f"api.dialects.{name}.operations").DIALECT for name in NAMES)


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
