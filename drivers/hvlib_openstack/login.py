"""Login: one login as data."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hvlib.driver import About, Secret
from hvlib_openstack.version import Version

__all__ = ["Login"]


class Login(msgspec.Struct, frozen=True):
    """The result of one login.

    | token: proves the login to every service
    | project: the project's identifier
    | administrator: whether the user has the role that OpenStack's policies call ``admin``
    | addresses: the base address of each service of the region, by its type
    | missing: the reason why a service is missing, by its type
    | compute: the microversion of requests to nova
    """

    token: Secret
    project: str
    administrator: bool
    addresses: Mapping[str, str]
    missing: Mapping[str, str]
    compute: Version
    about: About
