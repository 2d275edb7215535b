"""Batches: files of many requests, each of which becomes a job, and what became of them."""
