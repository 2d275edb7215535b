"""The three servers of the embedded stack, each as a command with its files: PostgreSQL, Valkey, and an S3 server."""
