"""Outputs on our own host, for those who have a signed address of one."""
