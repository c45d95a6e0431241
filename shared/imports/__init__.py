"""Files of customers: reading them, processing their rows in the background, and reporting each row's result.

A row creates at most one customer.
"""
