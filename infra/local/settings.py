"""The settings by which every process of Darkroom finds the parts of its stack."""

from __future__ import annotations

from infra.local.credentials import Credentials
from infra.local.servers.postgres import Postgres
from infra.local.servers.storage import Storage
from infra.local.servers.valkey import Valkey

BUCKET = "darkroom"


def build_settings(
    postgres: Postgres, valkey: Valkey, storage: Storage, credentials: Credentials, *, url: str, model: str | None
) -> dict[str, str]:
    """What core/settings.py reads from the environment, and what a user of the API at `url` needs."""
    settings = {
        "DATABASE_URL": postgres.url,
        "REDIS_URL": valkey.url,
        "S3_ENDPOINT_URL": storage.url,
        "S3_PUBLIC_ENDPOINT_URL": storage.url,
        "S3_REGION": "us-east-1",
        "S3_BUCKET": BUCKET,
        "S3_ACCESS_KEY_ID": credentials.s3_access_key_id,
        "S3_SECRET_ACCESS_KEY": credentials.s3_secret_access_key,
        "API_KEY_PEPPER": credentials.api_key_pepper,
        "PUBLIC_URL": url,
        "DRAIN_SECONDS": "5",
        "WEBHOOK_ALLOW_HTTP": "true",
        "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8,::1/128",
        "LOG_FORMAT": "json",
        "DARKROOM_URL": url,
    }
    if model is not None:
        settings["DEFAULT_MODEL"] = model
    return settings | (build_access(url, credentials.api_key) if credentials.api_key is not None else {})


def build_access(url: str, api_key: str) -> dict[str, str]:
    """What opens the API at `url` to a program, and its page to a person."""
    # Behind the #, where a browser keeps it from every server.
    return {"DARKROOM_API_KEY": api_key, "DARKROOM_PAGE_URL": f"{url}/#key={api_key}"}
