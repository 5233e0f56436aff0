"""Calls in XML-RPC, written by hand."""

from __future__ import annotations

__all__ = ["xml_call"]


def xml_call(method: str, *values: str) -> bytes:
    parameters = "".join(f"<param><value>{value}</value></param>" for value in values)
    return f"<methodCall><methodName>{method}</methodName><params>{parameters}</params></methodCall>".encode()
