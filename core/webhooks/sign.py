"""Sign a webhook as the Standard Webhooks specification says, with its own library."""

from __future__ import annotations

import base64
import secrets
from datetime import UTC, datetime

from standardwebhooks import Webhook


def new_secret() -> str:
    """A fresh signing secret: `whsec_` and 32 random bytes in base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def build_headers(*, secret: str, message_id: str, sent_at: datetime, body: str) -> dict[str, str]:
    """The three `webhook-…` headers over `id.timestamp.body`. `sent_at` must be aware: the library assumes UTC."""
    sent_at = sent_at.astimezone(UTC)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(sent_at.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, sent_at, body),
    }
