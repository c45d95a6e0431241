"""Accounts of people and machines, and their sign-ins in the Cognito user pool.

The sign-ins follow the accounts in the table.
"""
