"""The registry of models: artefacts in a folder, and a journal that says which of them serves, since when and why.

``states`` has the steps there are, ``journal`` what was done, ``shelf`` the folder with both; ``duel`` holds two models
against each other on the same payments, ``gates`` says what a model must show before a step, ``drawing`` shows it.
"""
