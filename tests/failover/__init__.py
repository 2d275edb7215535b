"""PostgreSQL turns read-only and writable again, as around a failover: in place, or by promoting a real standby."""
