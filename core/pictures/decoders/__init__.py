"""Child processes that decode pictures with limits of time and memory, and the queue in front of them."""
