"""Models: detectors behind one contract, how they are trained, judged and stored, and the measures of risk."""
