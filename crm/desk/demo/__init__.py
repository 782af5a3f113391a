"""Small invented data to look around in: a firm that measures and watches over cold rooms.

`people`, `organisations`, `humans`, `jobs`, `promises`, `arrivals` and `talk` are what is told; `build` tells it,
through the ordinary actions. All names are invented, all addresses end in `.example`; moments count from the
day it is told.
"""
