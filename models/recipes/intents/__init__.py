"""The recipe of the starter model that reads intents out of what was heard."""
