"""The models and families that a style of an account names."""

from __future__ import annotations

from core.catalog import Catalog, list_families
from core.errors import FieldError, InvalidRequest
from core.jobs.styles.style import WorksWith


def check_names(wanted: WorksWith, catalog: Catalog) -> None:
    """Raises InvalidRequest for each model that the deployment lacks, and for each family that there is not."""
    models, families = [*catalog.models], [*list_families()]
    errors = [
        FieldError(f"for.{field}.{place}", f"there is no {kind} {name!r}; {where}", "not_found", {"enum": known})
        for field, kind, known, where in (
            ("models", "model", models, "GET /v1/models lists them"),
            ("not_models", "model", models, "GET /v1/models lists them"),
            ("families", "family", families, "`allowed` lists them"),
        )
        for place, name in enumerate(getattr(wanted, field))
        if name not in known
    ]
    if errors:
        raise InvalidRequest(errors)
