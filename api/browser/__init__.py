"""What browsers and people with one need: calls from other origins, the root, and addresses at which nothing is."""
