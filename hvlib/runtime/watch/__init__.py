"""The watch: keeps feeds open, merges their changes, and delivers these as events."""
