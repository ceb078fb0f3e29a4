"""Live sources that come with Weir: a folder, a webhook, markets, a database's outbox, card messages."""
