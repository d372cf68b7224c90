"""ML3xx: models that learn from what they did."""
