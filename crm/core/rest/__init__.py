"""What every API door is made of: problems, pages, fields, filters, permissions, view sets, the schema's own words."""
