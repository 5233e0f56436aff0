"""cinder's fake storage, where it falls short of a real one."""

from __future__ import annotations

from typing import Any

from cinder.tests import fake_driver

__all__ = ["FakeStorage"]


class FakeStorage(fake_driver.FakeLoggingVolumeDriver):  # type: ignore[misc]
    """A backend whose volumes are records only."""

    def clone_image(self, *_: object) -> tuple[dict[str, Any], bool]:
        """Say that a volume holds an image. The stock driver would convert it with qemu-img, and write it nowhere."""
        return {}, True
