"""Records as each released version of the code wrote them, and the tests that today's code works with them."""
