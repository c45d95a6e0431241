"""What surrounds a function on AWS: clients, settings, logs and metrics, queues, batches, the clock.

Other packages use AWS through it.
"""
