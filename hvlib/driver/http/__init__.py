"""HTTP for drivers whose server speaks it: exchanges that end in time, connections that any thread can cut.

A part of the contract that a driver may use or leave: one whose SDK has a session of its own brings that. It needs
urllib3 (``pip install 'hvlib-sdk[http]'``), which nothing of it asks for before it is imported.
"""

from hvlib.driver.http.authenticator import HttpAuthenticator
from hvlib.driver.http.connections import Connections
from hvlib.driver.http.errors import status_error
from hvlib.driver.http.tls import tls_context
from hvlib.driver.http.transport import Address, Transport, chunks

__all__ = ["Address", "Connections", "HttpAuthenticator", "Transport", "chunks", "status_error", "tls_context"]
