"""The client for programs that wait, made of `asynchronous` by `client/make_synchronous.py`."""
