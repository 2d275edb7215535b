"""Notifying the customer: endpoints, events, and deliveries signed as Standard Webhooks."""
