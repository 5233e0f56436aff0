"""cinder's fake storage, with additions to make it act like a real one."""

from __future__ import annotations

from typing import Any

from cinder.tests import fake_driver

__all__ = ["FakeStorage", "FiniteStorage"]

FINITE = {"total_capacity_gb": 1000, "free_capacity_gb": 900, "reserved_percentage": 0, "multiattach": True}


class FakeStorage(fake_driver.FakeLoggingVolumeDriver):  # type: ignore[misc]
    """A backend whose volumes are only records."""

    def clone_image(self, *_: object) -> tuple[dict[str, Any], bool]:
        """Report that a volume holds an image. The stock driver would convert the image with qemu-img for nothing."""
        return {}, True


class FiniteStorage(FakeStorage):
    """A backend that reports its capacity and its configured name, and whose volumes several servers can share.

    A backend of the stock driver has no limit, is called "fake", and its volumes are for one server.
    """

    def _update_volume_stats(self) -> None:
        super()._update_volume_stats()
        self._stats["volume_backend_name"] = self.configuration.volume_backend_name
        for pool in self._stats["pools"]:
            pool.update(FINITE)
