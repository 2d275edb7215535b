"""What an account sees of the queue, and does with its own: pause it, resume it, and move a job to one of its ends."""
