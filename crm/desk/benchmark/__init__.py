"""What `manage.py benchmark` loads and measures: a plausible firm of the size promised, and the budgets."""
