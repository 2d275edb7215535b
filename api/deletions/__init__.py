"""`/v1/deletions`: the receipts of deleted jobs and files."""
