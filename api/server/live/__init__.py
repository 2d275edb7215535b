"""The connections of requests that wait, and what this process knows of the jobs that they watch."""
