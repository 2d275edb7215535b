"""All operations of the dialect."""

from __future__ import annotations

from api.dialects.fal import queue  # noqa: F401  (it adds the operations)
from api.dialects.fal.blueprint import SENT_HEADERS, fal_blueprint, show_problem
from api.translation.dialect import Dialect

DIALECT = Dialect("fal", fal_blueprint, show_problem, SENT_HEADERS)
