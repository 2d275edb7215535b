"""An attempt's dealings with the database: claim, lease, outcome."""
