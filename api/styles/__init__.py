"""`/v1/styles`: recipes for prompts, those of the deployment and the account's own."""
