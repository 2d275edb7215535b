"""`/v1/models`: what this deployment can draw with."""
