"""Accounts of people and machines, and their sign-ins in the Cognito user pool.

The accounts in the table are the source. The sign-ins are updated to match them.
"""
