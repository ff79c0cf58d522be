"""An open channel on a loop: what is sent through it, and how the loop waits for that."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from avrogen.errors import ClosedError
from avrogen.kafka.aio.handover import Handover, Ticket
from avrogen.kafka.aio.queueing import Queueing
from avrogen.kafka.aio.threads import completed, nothing

if TYPE_CHECKING:
    from confluent_kafka import KafkaError

    from avrogen.kafka.message import Delivered
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

    async def send(self, arguments: Arguments, sending: object) -> asyncio.Future[Delivered]:
        """Queue a message; see :meth:`AsyncTopicProducer.send`.

        Args:
            arguments: what is produced.
            sending: what the observer wants to be given for it.
        """
        ticket = Ticket(self._handover, sending)
        self._outbox.count_sent()
        try:
            failure = None
            if self._queueing:  # those that wait come first
                failure = await self._not_queued(ticket, arguments, BufferError())
            else:
                self._produce(ticket, arguments)
        except Exception as error:
            failure = await self._not_queued(ticket, arguments, error)
        if failure is not None:
            self._handover.failed(ticket, failure, arguments.key)
            self._handover.settle()
        return ticket.future

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
        self._produce_call(topic, data, key, partition, ticket, timestamp=at, headers=headers)

    async def _not_queued(
        self, ticket: Ticket, arguments: Arguments, error: Exception
    ) -> KafkaError | None:
        """Wait for room. Or say why the message fails; or raise what is not about the message."""
        from confluent_kafka import KafkaException

        try:
            if not isinstance(error, BufferError):
                raise error
            timeout = self.channel.client.delivery_timeout
            if not await self._queueing.wait(ticket, arguments, timeout):
                raise self.channel.no_room()
            return None
        except KafkaException as refusal:
            try:
                return self.channel.refused(refusal)
            except Exception:
                self._outbox.count_sent(-1)
                raise
        except BaseException:
            if not ticket.is_queued:  # it may have been cancelled in that very moment
                self._outbox.count_sent(-1)
            raise

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
