"""What the user of the embedded stack types, and what the terminal shows."""
