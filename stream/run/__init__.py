"""``weir run``: ``children`` starts the other processes, ``watch`` reads what they make, ``view`` shows it."""
