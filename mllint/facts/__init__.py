"""The vocabulary of what one file says about data: small, typed, serialisable records, one module per kind."""
