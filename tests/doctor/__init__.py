"""Deployments with something wrong in each, and what the doctor says of it."""
