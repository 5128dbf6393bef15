"""Training: one model from the data, its identity, and whether it is still current."""
