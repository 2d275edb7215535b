"""The tools, each with what it takes and what it answers."""
