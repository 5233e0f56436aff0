"""The wire: calls, logins and values as the server speaks them."""
