"""Cancellation: the exception that ends the code of a cancelled task."""

__all__ = ["Cancellation"]


class Cancellation(BaseException):
    """The task was cancelled. No `HvlibError`, so that no driver takes it for a failure to go on from."""
