"""All operations of the dialect."""

from __future__ import annotations

from api.dialects.replicate import account, files, models, predictions, stream_prediction  # noqa: F401  (each adds its operations)
from api.dialects.replicate.blueprint import SENT_HEADERS, replicate_blueprint, show_problem
from api.translation.dialect import Dialect

DIALECT = Dialect("replicate", replicate_blueprint, show_problem, SENT_HEADERS)
