"""What becomes of a job that names its pictures by address, until they are there: claim a fetch, complete it, or give it up."""
