"""HTTP: routes, request parsing, error responses, and the console's page. It calls no rule itself."""
