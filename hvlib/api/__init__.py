"""The objects that callers use: `connect`, a provider, its services and collections."""
