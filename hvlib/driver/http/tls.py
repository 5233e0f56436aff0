"""TLS: which certificates are trusted."""

from __future__ import annotations

import os
import ssl

import urllib3

from hvlib.driver.http.deadline import TlsSocket
from hvlib.model.errors import ConfigError

__all__ = ["tls_context"]


def tls_context(verify: bool | None, cacert: str | None) -> ssl.SSLContext:
    """A TLS context that verifies certificates, also those of loopback addresses.

    | verify: whether to verify; None counts as True
    | cacert: a PEM file, or several, separated as in PATH: the only authorities to trust

    Raises `ConfigError` if a file can't be used.
    """
    if verify is False:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # The user asked for this: no warning.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif cacert is None:
        context = ssl.create_default_context()
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        for file in [cacert] if os.path.exists(cacert) else cacert.split(os.pathsep):
            _trust(context, file)
    context.sslsocket_class = TlsSocket
    return context


def _trust(context: ssl.SSLContext, file: str) -> None:
    try:
        context.load_verify_locations(file)
    except OSError as error:
        raise ConfigError(f"cacert {file}: {error.strerror or error}", hint="name a PEM file") from error
