"""The REST client: one connection pool, typed errors, server-sent events. The only place that knows httpx."""
