"""How attempts and jobs end: success, failure, cancellation, interruption, deadline, lost lease."""
