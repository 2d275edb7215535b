"""The client for programs that wait with `await`. `synchronous` is made of it by `client/make_synchronous.py`."""
