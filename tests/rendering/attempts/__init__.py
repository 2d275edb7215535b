"""Attempts in this process: claimed from a real database, rendered, and committed."""
