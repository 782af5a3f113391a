"""What is owed, and that somebody hears of it.

The acts lie beside this: `opening`, `actions`, `moving`, `waiting`, `recurring`, `filing`. `policy` says by when
and what follows; `planning` decides when somebody is told; `telling` makes it notices and messages, told once;
`mail` writes them and takes the answer; `auditing` asks in other code whether all of that is so.
"""
