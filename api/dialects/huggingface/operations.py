"""All operations of the dialect."""

from __future__ import annotations

from api.dialects.huggingface import draw_image, read_job  # noqa: F401  (each adds its operations)
from api.dialects.huggingface.blueprint import SENT_HEADERS, huggingface_blueprint, show_problem
from api.translation.dialect import Dialect

DIALECT = Dialect("huggingface", huggingface_blueprint, show_problem, SENT_HEADERS)
