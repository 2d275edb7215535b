"""Stored files: their rows, their keys and the bucket they lie in."""
