"""Requests for another storage location, which only support can change: ask, list, accept or decline."""
