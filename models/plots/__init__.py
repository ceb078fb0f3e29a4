"""Pictures of how good detectors are, as PNG: of an artefact by `weir train`, of folds by `weir evaluate --out`."""
