"""An open channel on a loop: what is sent through it, and how the loop waits for that."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from avrogen.errors import ClosedError
from avrogen.kafka.aio.handover import Handover, Ticket
from avrogen.kafka.aio.queueing import Queueing
from avrogen.kafka.aio.threads import completed, nothing

if TYPE_CHECKING:
    from avrogen.kafka.producing.channel import Arguments, Channel

__all__ = ["Sender"]


class Sender:
    """Sends through a channel, from tasks of the running loop.

    Args:
        channel: what is decided about messages before.
    """

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self._outbox = channel.outbox
        self._produce_call = channel.client.producer.produce
        self._queueing = Queueing(self._produce)
        self._idle: list[asyncio.Future[None]] = []
        self._handover = Handover(channel.outbox, self._is_awaited, self._progress)
        channel.client.poller.add_hook(self._handover.after_poll)

    def start(self, arguments: Arguments, sending: object) -> Ticket | None:
        """Queue a message if there is room.

        Args:
            arguments: what is produced.
            sending: what the observer wants to be given for it.

        Returns:
            None: there is no room, or others have waited longer. Nothing is queued.

        Raises:
            DeliveryError, TransactionError: as :meth:`TopicProducer.send`.
        """
        if self._queueing:
            return None
        ticket = Ticket(self._handover, sending)
        self._outbox.count_sent()
        try:
            self._produce(ticket, arguments)
        except BufferError:
            self._outbox.count_sent(-1)
            return None
        except Exception as error:
            self._refused(ticket, arguments, error)
        return ticket

    async def queued(self, arguments: Arguments, sending: object) -> Ticket:
        """Queue a message when there is room.

        Raises:
            DeliveryError: there was none for too long, or as :meth:`start`.
            ClosedError: the producer was closed meanwhile.
        """
        ticket = Ticket(self._handover, sending)
        self._outbox.count_sent()
        try:
            timeout = self.channel.client.delivery_timeout
            if not await self._queueing.wait(ticket, arguments, timeout):
                raise self.channel.no_room()
        except Exception as error:
            self._refused(ticket, arguments, error)
        except asyncio.CancelledError:
            if not ticket.is_queued:  # it may have been, in that very moment
                self._outbox.count_sent(-1)
            raise
        return ticket

    async def settled(self, timeout: float | None) -> None:
        """Wait until everything is delivered or has failed, or time is over."""
        if self._is_idle():
            return
        idle = asyncio.get_running_loop().create_future()
        self._idle.append(idle)
        with self.channel.client.poller.flushing():
            try:
                async with asyncio.timeout(timeout):
                    await idle
            except TimeoutError:
                pass
            finally:
                self._idle.remove(idle)

    async def close(self) -> None:
        """Send nothing more, and give up what is left if nobody else has the client."""
        self._queueing.refuse_all(ClosedError(f"the producer for {self.channel.topic} was closed"))
        await completed(self.channel.close, nothing)
        self.channel.client.poller.remove_hook(self._handover.after_poll)
        self._handover.settle()
        self._handover.close_accounts()

    # --- queueing ---------------------------------------------------------------------------------

    def _produce(self, ticket: Ticket, arguments: Arguments) -> None:
        data, key, partition, at, headers = arguments
        topic = self.channel.topic
        self._produce_call(topic, data, key, partition, ticket, None, at, headers)

    def _refused(self, ticket: Ticket, arguments: Arguments, error: Exception) -> None:
        """Let the message's future fail, or raise what is not about the message."""
        from confluent_kafka import KafkaException

        try:
            if not isinstance(error, KafkaException):
                raise error
            failure = self.channel.refused(error)
        except Exception:
            self._outbox.count_sent(-1)
            raise
        self._handover.failed(ticket, failure, arguments[1])
        self._handover.settle()

    # --- progress, after each go of the thread that polls -----------------------------------------

    def _is_idle(self) -> bool:
        return not self._queueing and self.channel.is_idle()

    def _is_awaited(self) -> bool:
        return bool(self._queueing) or bool(self._idle)

    def _progress(self) -> None:
        self._queueing.fill()
        if self._idle and self._is_idle():
            for idle in self._idle:
                if not idle.done():
                    idle.set_result(None)
