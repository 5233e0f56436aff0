"""What runs in the services' virtual environment: a module for each, and what the real ones lack on one machine."""
