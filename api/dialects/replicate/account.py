"""What Replicate's clients ask of an account: who it is, on what its jobs run, and what signs its webhooks."""

from __future__ import annotations

from flask import Response, jsonify

from api.authentication import current_account_id
from api.dialects.replicate.blueprint import replicate_blueprint
from core.accounts.tables import Account
from core.catalog import get_catalog
from core.database import transaction
from core.ids import format_id
from core.webhooks.job_webhooks import get_webhook_secret


@replicate_blueprint.get("/account")
def read_account() -> Response:
    """The account of the key."""
    account_id = current_account_id()
    with transaction() as session:
        name = session.get_one(Account, account_id).name
    return jsonify(type="organization", username=format_id("acc", account_id), name=name, github_url=None)


@replicate_blueprint.get("/hardware")
def list_hardware() -> Response:
    """The pools of workers."""
    pools = sorted({entry.pool for entry in get_catalog().models.values()})
    return jsonify([{"sku": pool, "name": f"Workers of the pool {pool}"} for pool in pools])


@replicate_blueprint.get("/webhooks/default/secret")
def read_webhook_secret() -> Response:
    """The account's secret."""
    with transaction() as session:
        key = get_webhook_secret(session, current_account_id())
    return jsonify(key=key)
