"""Rolling market risk: ticks in, risk figures and market, liquidity and feed alerts out.

A tick is screened (``screen``); what passes moves the symbol's trades (``trades``) or quotes (``quotes``); when a bar
ends, volatility and tail are taken anew (``bars``); the result is held against limits (``breaches``) and read as
figures (``figures``). ``kernel`` walks a batch through that, ``table`` keeps the rows, ``stage`` is the door to the
agents and ``words`` says what happened.
"""
