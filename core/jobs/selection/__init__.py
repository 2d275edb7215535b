"""Which of an account's jobs are meant: the filters of lists, and of what is done to many jobs at once."""
