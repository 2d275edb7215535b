"""PostgreSQL as people have it: other default settings, addresses with parameters, and poolers between."""
