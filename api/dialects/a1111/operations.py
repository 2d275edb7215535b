"""All operations of the dialect."""

from __future__ import annotations

from api.dialects.a1111 import draw_images, read_lists, read_png_info, read_progress  # noqa: F401  (each adds its operations)
from api.dialects.a1111.blueprint import a1111_blueprint, show_problem
from api.translation.dialect import Dialect

DIALECT = Dialect("a1111", a1111_blueprint, show_problem)
