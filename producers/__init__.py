"""Producers: what fills the topics. ``source`` is the contract; cards, market and recorded files are plug-ins of it."""
