"""The events that are published when a record changes, and the event bus. They are built from the table's stream."""
