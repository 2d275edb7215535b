"""Waiting and watching: how soon events and the ends of jobs arrive, and what that costs the API."""
