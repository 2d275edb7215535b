"""`/v1/boards`: names under which an account gathers its pictures."""
