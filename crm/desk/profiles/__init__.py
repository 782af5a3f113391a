"""Import profiles: one module each, with `SOURCE`, and `read(folder)` that yields rows (crm.desk.imports.rows)."""
