"""What takes long: growth with keys and windows, scale, restarts with much state, back-pressure and soak."""
