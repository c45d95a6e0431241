"""The records of each released version of the code, and the tests that the current code works with them."""
