"""How days and hours are written where nothing else is said: in the administration's lists and forms, as on the pages.

One package per language, found by Django through FORMAT_MODULE_PATH; what it leaves out is Django's own for that
language. Months have their names in the reader's language.
"""
