"""`/v1/outputs`: the account's pictures, to be found again and marked."""
