"""The recipe of the acoustic starter: a small network that names the sound of each moment."""
