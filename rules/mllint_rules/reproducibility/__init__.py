"""ML8xx: whether a run can be repeated, and what is checked before a model is used."""
