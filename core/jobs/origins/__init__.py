"""From which other job a job was made, and what of the environment differs since."""
