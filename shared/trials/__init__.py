"""The scheduled transition from trial to production, reminders, and ending a trial early.

The rules of a trial are in `shared/customers/trial.py`.
"""
