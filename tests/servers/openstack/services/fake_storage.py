"""cinder's fake storage, where it falls short of a real one."""

from __future__ import annotations

from typing import Any

from cinder.tests import fake_driver

__all__ = ["FakeStorage", "FiniteStorage"]

FINITE = {"total_capacity_gb": 1000, "free_capacity_gb": 900, "reserved_percentage": 0, "multiattach": True}


class FakeStorage(fake_driver.FakeLoggingVolumeDriver):  # type: ignore[misc]
    """A backend whose volumes are records only."""

    def clone_image(self, *_: object) -> tuple[dict[str, Any], bool]:
        """Say that a volume holds an image. The stock driver would convert it with qemu-img, and write it nowhere."""
        return {}, True


class FiniteStorage(FakeStorage):
    """One that says how much it holds, and goes by its own name; servers can share its volumes.

    The stock driver's are infinite, all "fake", and for one server.
    """

    def _update_volume_stats(self) -> None:
        super()._update_volume_stats()
        self._stats["volume_backend_name"] = self.configuration.volume_backend_name
        for pool in self._stats["pools"]:
            pool.update(FINITE)
