"""Bring real input in: a profile reads files and yields rows, these modules write them through the ordinary actions."""
