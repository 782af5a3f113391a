"""Pages of those who answer, a module for each."""
