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
    | status: the server's own word for its state
    | problem: a text if a person is needed, else None
    """

    kind: ClassVar[str] = "Image"

    size_bytes: int | None
    guest_os: str | None
    format: str | None
    status: str | None
    problem: str | None
