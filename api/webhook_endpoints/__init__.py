"""`/v1/webhook-endpoints`: the addresses to which the ends of an account's jobs are sent."""
