"""Where to alert: at a budget of alerts a day or at the cost of a review, and per segment of customers.

``segments`` tells customers apart by what they do. ``table`` is what a training learns about scores and keeps beside
the weights: it decides no score. ``training`` makes it, ``placing`` moves a detector's threshold by it, as the settings
say.
"""
