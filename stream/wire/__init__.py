"""The wire: what stands on the topics. ``events`` the types, ``topics`` the table, ``codec`` bytes to ``columns``."""
