"""Customers of every level: fields, rules, trial, adding, changing, archiving, references, lists and history.

Open `fields.py` for the rules of a field.
"""
