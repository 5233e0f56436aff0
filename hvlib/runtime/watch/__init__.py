"""The watch: feeds kept open, their changes merged and delivered as events."""
