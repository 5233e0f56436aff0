"""The wire: calls, logins and values in the server's protocols."""
