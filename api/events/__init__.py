"""`/v1/events`: follow all jobs of the account."""
