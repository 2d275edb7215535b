"""Stores as people have them: regions, addressing, checksums, roles and refusals, on a strict proxy before a real S3 server."""
