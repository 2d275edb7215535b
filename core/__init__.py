"""What the API and the workers both need: jobs, artifacts, webhooks, accounts, the catalog and the database."""
