"""How every client of ours reaches Redis: what `REDIS_URL` means, and connections whose work has one time limit."""
