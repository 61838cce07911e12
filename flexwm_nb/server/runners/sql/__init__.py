"""SQL scripts: what is read from them, how arguments are bound and values written, and the programs that run them."""
