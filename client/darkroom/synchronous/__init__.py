"""The client for programs that wait. Made of `asynchronous` by `client/make_synchronous.py`: change that."""
