"""The wire: SOAP, the calls that are sent, and the values that return."""
