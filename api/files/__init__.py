"""`/v1/files`: send, read, list and delete pictures that jobs start from."""
