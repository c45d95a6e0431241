"""Values that have a meaning of their own: names, countries, e-mail addresses, timestamps, CSV text.

They know no customer, no table and no AWS.
"""
