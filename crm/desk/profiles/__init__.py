"""Import profiles: a module each, with `SOURCE` and `read(folder, today=…)`, which yields crm.desk.imports.rows."""
