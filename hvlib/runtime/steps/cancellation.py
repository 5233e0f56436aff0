"""Cancellation: the exception that ends the code of a cancelled task."""

__all__ = ["Cancellation"]


class Cancellation(BaseException):
    """The task was cancelled. It is not an `HvlibError`, so that no driver handles it as a failure and continues."""
