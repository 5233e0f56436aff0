"""The wire: SOAP, the calls to the server, and their decoded values."""
