"""All operations of the dialect."""

from __future__ import annotations

from api.dialects.runpod import read_health, read_jobs, run_job  # noqa: F401  (each adds its operations)
from api.dialects.runpod.blueprint import runpod_blueprint, show_problem
from api.translation.dialect import Dialect

DIALECT = Dialect("runpod", runpod_blueprint, show_problem)
