"""Who may do what: accounts, roles, permissions, and the subtree check. Every use case authorizes its caller here."""
