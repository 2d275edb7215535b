"""How a job is shown: in reads, lists, events and webhooks."""
