"""`/v1/jobs`: send, read, list and cancel jobs."""
