"""The systems that the queue is compared with: real, and as small as possible."""
