"""The slow work: rendering, webhooks and maintenance."""
