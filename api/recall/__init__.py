"""`/v1/recall`: hand a request over to the open pages of the account."""
