"""ML9xx: what a score flatters, because the model has seen what it is scored on."""
