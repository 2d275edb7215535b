"""`/v1/webhook-endpoints`: where the account is told of its jobs' ends."""
