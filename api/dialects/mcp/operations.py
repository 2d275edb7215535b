"""The dialect, with its one operation."""

from __future__ import annotations

from api.dialects.mcp import post_message  # noqa: F401  (it adds its operation)
from api.dialects.mcp.blueprint import SENT_HEADERS, mcp_blueprint, show_problem
from api.translation.dialect import Dialect

DIALECT = Dialect("mcp", mcp_blueprint, show_problem, SENT_HEADERS)
