"""How a request becomes a row in the queue."""
