"""ML1xx: who depends on whom."""
