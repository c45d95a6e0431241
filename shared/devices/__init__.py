"""Test devices, which show where data is stored, the dashboard, and its views. Test devices are never invoiced."""
