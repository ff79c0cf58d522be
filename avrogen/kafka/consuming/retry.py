"""When and how often a message is tried again: :class:`RetryPolicy`, :class:`Retry`."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Retry", "RetryPolicy"]


class Retry(Exception):
    """Raised by a handler for a failure that may pass: it is called again with the same message.

    How often and when is the consumer's :class:`RetryPolicy`. Raise it from the exception that is
    the reason: ``raise Retry("the warehouse does not answer") from error``.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How messages are tried again that failed for a reason that may pass.

    After the n-th failure of a message, its partition rests for ``initial`` seconds times
    ``multiplier`` to the n-1, but for ``maximum`` at most. ``jitter`` spreads that in both
    directions, so that consumers that failed together do not come back together. Messages of other
    partitions are handled meanwhile, and those behind it wait: their order stays.

    Attributes:
        attempts: how often the handler is called with a message, the first time included; None:
            ``within`` alone counts.
        initial: seconds.
        multiplier: what each pause is longer by.
        maximum: seconds, before jitter.
        jitter: 0.2 makes ten seconds 8 to 12.
        within: seconds since the first failure after which no other attempt begins; None:
            ``attempts`` alone counts.
        retry_on: exceptions of a handler that may pass, besides :class:`Retry`.

    Raises:
        ValueError: a number is out of range, or nothing limits the attempts.
    """

    attempts: int | None = 10
    initial: float = 0.25
    multiplier: float = 2.0
    maximum: float = 5.0
    jitter: float = 0.2
    within: float | None = None
    retry_on: tuple[type[Exception], ...] = ()

    def __post_init__(self) -> None:
        if self.attempts is None and self.within is None:
            raise ValueError("say how often or how long: attempts or within")
        if self.attempts is not None and self.attempts < 1:
            raise ValueError(f"attempts must be at least 1, not {self.attempts}")
        for name in ("initial", "maximum", "within"):
            value: float | None = getattr(self, name)
            if value is not None and not 0 <= value < float("inf"):
                raise ValueError(f"{name} must be a number of seconds, not {value}")
        if not 1 <= self.multiplier < float("inf"):
            raise ValueError(f"multiplier must be at least 1, not {self.multiplier}")
        if not 0 <= self.jitter <= 1:
            raise ValueError(f"jitter must be between 0 and 1, not {self.jitter}")

    def pause(self, attempt: int, elapsed: float, random: float) -> float | None:
        """Seconds to wait before the next attempt; None: there is none.

        Args:
            attempt: how often it was tried, from 1 up.
            elapsed: seconds since the first failure.
            random: a number from 0 to 1, which decides on the jitter.
        """
        if self.attempts is not None and attempt >= self.attempts:
            return None
        try:
            longest = min(self.maximum, self.initial * self.multiplier ** (attempt - 1))
        except OverflowError:
            longest = self.maximum
        seconds = longest * (1 + self.jitter * (2 * random - 1))
        if self.within is not None and elapsed + seconds > self.within:
            return None
        return seconds
