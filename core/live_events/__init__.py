"""News of jobs through Redis, between workers and the API: steps, hints that a row has changed, and cancels; no truth."""
