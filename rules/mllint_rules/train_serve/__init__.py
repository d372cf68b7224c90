"""ML7xx: training and serving must agree."""
