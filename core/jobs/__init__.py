"""The life of a job: submit, claim, renew, finish, cancel, rescue."""
