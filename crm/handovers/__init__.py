"""Every change of who answers.

One module for each act, and what is read before it:

- `actions`: assign, end; what both sides are told. `succeeding`: somebody follows in one place.
- `absences`: being away and who covers.
- `handing_over`: propose, offer, accept, decline, withdraw; how much that is: `scope`; who may: `sides`; the letter
  to the customer afterwards: `introduction`.
- `leaving`, undone by `staying`: somebody answers no longer; what they hold: `held`; each kind of thing moves by
  `switching`.
- `archiving`, undone by `restoring`: nobody answers for a record any more.

`refusals` are the noes that several of them say. Doors are `views`, `api`, `admin`; `rest` (archiving) and
`leave_rest` are mixed into the view sets of the records and people concerned. `forms`, `archive_forms` and
`leave_form` are what one types.
"""
