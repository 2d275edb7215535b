"""What happened to a job, as numbered events: rebuilt from its rows, and from what Redis has of its attempts."""
