"""Access to AWS: clients, settings, logs and metrics, queues, batches, and the clock.

Other packages use AWS through this one.
"""
