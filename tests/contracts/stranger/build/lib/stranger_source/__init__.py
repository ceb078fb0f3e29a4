"""A stranger's package: one producer for Weir."""
