"""The code in the services' virtual environment: a module for each service, and fakes for a region on one machine."""
