"""Who may do what: accounts, tokens, rights."""
