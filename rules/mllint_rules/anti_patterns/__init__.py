"""ML4xx: shapes of a system that cost later."""
