"""Kinds of the image service."""

from __future__ import annotations

from typing import ClassVar

from hvlib.model.resources.resource import Resource

__all__ = ["Image"]


class Image(Resource, frozen=True):
    """An image or a template, which VMs are created from.

    | size_bytes: the storage that it takes
    | guest_os: the operating system, as the server names it
    | format: the format of its file: ``qcow2``, ``raw``, ``template`` ...
    """

    kind: ClassVar[str] = "Image"

    size_bytes: int | None
    guest_os: str | None
    format: str | None
