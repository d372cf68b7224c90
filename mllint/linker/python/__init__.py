"""The abstract interpreter of Python facts: constants, paths, frames, models, and what is done with them."""
