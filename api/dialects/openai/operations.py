"""All operations of the dialect."""

from __future__ import annotations

from api.dialects.openai import batches, edit_images, files, generate_images, read_images, read_models  # noqa: F401  (each adds its operations)
from api.dialects.openai.blueprint import SENT_HEADERS, openai_blueprint, show_problem
from api.translation.dialect import Dialect

DIALECT = Dialect("openai", openai_blueprint, show_problem, SENT_HEADERS)
