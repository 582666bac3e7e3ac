"""The front doors: each speaks to one kind of client over a `Connection`."""
