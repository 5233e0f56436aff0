"""What callers hold: `connect`, a provider, its services and collections."""
