"""ML2xx: what data a model stands on."""
