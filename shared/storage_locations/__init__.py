"""The catalogue of storage locations, its routing, and the decision which location a customer gets.

Support replaces the catalogue at run time.
"""
