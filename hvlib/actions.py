"""Every action, under the name that callers import: ``hvlib.actions.Migrate(host=ref)``."""

from hvlib.model.actions import *  # noqa: F403
from hvlib.model.actions import __all__ as __all__
