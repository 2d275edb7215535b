"""What the service answers, as typed values."""
