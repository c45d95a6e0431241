"""What is published when a record changes, and the event bus. Events are built from the table's stream."""
