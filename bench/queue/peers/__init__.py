"""What the queue is compared with: each is as small as it can be, and real."""
