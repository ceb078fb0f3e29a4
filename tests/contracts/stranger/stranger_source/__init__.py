"""A stranger's package: one producer and one sink for Weir."""
