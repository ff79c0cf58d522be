"""What keeps a command from doing its work, other than schemas and the registry."""

from __future__ import annotations

from avrogen.errors import AvrogenError

__all__ = ["Problem"]


class Problem(AvrogenError):
    """Something that the user can mend.

    Attributes:
        message: what it is.
        hint: what to do about it.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}"
