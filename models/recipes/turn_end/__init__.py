"""The recipe of the model that tells from the sound whether a turn is over."""
