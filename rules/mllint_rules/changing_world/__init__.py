"""ML6xx: the world changes, and nothing in the repository notices."""
