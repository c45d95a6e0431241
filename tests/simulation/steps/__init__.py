"""The steps of the stateful test, by topic."""
