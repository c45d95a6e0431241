"""Which days of a month are invoiced, and the report of a subtree. `days.py` has the rules."""
