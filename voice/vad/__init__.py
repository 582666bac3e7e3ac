"""Voice activity models, one file each."""
