"""Every error that hvlib raises, under the name that callers import."""

from hvlib.model.errors import *  # noqa: F403
from hvlib.model.errors import __all__ as __all__
