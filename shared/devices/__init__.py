"""Devices, whose days are invoiced; test devices, which show where data lands; the dashboard, and its views."""
