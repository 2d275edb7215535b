"""The OpenAPI document with its examples, the page that shows it, and a page for every error."""
