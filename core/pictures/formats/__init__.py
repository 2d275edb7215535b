"""Reads the first picture of each kind of file that is taken, without what is optional in it."""
