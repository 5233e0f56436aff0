"""Requests to the region's services, and the services' values."""
