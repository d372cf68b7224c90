"""What interpreting says: effects, and how they become the graph and the observations."""
