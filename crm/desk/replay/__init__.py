"""Replay a help desk's event log with a simulated clock, and say what the engine made of it.

`log.py` reads the file, `acts.py` says what each incident did when, `fit.py` finds the targets that the log implies,
`firm.py` makes accounts, contacts and teams of its names, `play.py` does it all again through the product's own
actions, `compare.py` sets what came of it beside what the log says of itself, `retrace.py` works out from the log
alone what had to come of it, and `report.py` tells. It happens in a database of its own (`scratch.py`), which is gone
afterwards.
"""
