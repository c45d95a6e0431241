"""Test devices, which show where data really lands, the dashboard, and its views. Test devices are never invoiced."""
