"""Access rules. Without this, services load them at each decision, a dozen times in a request."""

from __future__ import annotations

from typing import Any

from oslo_policy import policy

__all__ = ["install"]


def install() -> None:
    """Have oslo.policy load the rules once: no test changes them while a service runs."""
    load = policy.Enforcer.load_rules

    def load_once(self: Any, force_reload: bool = False) -> None:
        if force_reload or len(self.registered_rules) != getattr(self, "loaded", None):
            load(self, force_reload)
            self.loaded = len(self.registered_rules)

    policy.Enforcer.load_rules = load_once
