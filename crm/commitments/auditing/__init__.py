"""The questions of the auditor, and its repairs. Nothing here is shared with what they watch but the schema."""
