"""`/v1/queue`: see, pause and resume the account's own queue."""
