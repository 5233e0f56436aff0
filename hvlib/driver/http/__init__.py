"""HTTP for drivers whose server speaks it: exchanges that end in time, connections that any thread can cut.

A driver may do without this package, for example if its SDK has connections of its own. The package needs urllib3
(``pip install 'hvlib-sdk[http]'``); the rest of core does not.
"""

from hvlib.driver.http.authenticator import HttpAuthenticator
from hvlib.driver.http.connections import Connections
from hvlib.driver.http.errors import status_error
from hvlib.driver.http.tls import tls_context
from hvlib.driver.http.transport import Address, Transport, chunks

__all__ = ["Address", "Connections", "HttpAuthenticator", "Transport", "chunks", "status_error", "tls_context"]
