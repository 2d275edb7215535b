"""What an operation asks of the server if its answer is to come later, or never to end."""
