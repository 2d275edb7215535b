"""The client for programs that wait with `await`, of which `client/make_synchronous.py` makes `synchronous`."""
