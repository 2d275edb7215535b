"""One account attacks the API with bodies that cost more than they should, and others go on working: how much they notice."""
