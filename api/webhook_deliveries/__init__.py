"""`/v1/webhook-deliveries`: what became of the calls to the account's addresses."""
