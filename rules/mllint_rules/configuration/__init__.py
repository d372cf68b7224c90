"""ML5xx: configuration debt."""
