"""`/v1/webhook-endpoints`: the URLs that are called when the account's jobs end."""
