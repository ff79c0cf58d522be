"""``avrogen dead-letters`` as a whole: from what the command line says to what is to be printed."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from avrogen.config.registry_connection import URL, registry_connection
from avrogen.dead_letters.dead_letter_reader import DeadLetterReader, DeadLetterRecord
from avrogen.dead_letters.display import Decoder, dead_letter_json, dead_letter_text
from avrogen.dead_letters.replay import replay
from avrogen.errors import ConfigurationError
from avrogen.kafka.client_config import Settings, split
from avrogen.kafka.registry.connect import connect
from avrogen.kafka.registry.retrying import COMMAND_RETRIES

if TYPE_CHECKING:
    from avrogen.kafka.registry.protocol import SchemaRegistry

__all__ = ["BROKERS", "DeadLetterQueue", "open_dead_letters", "read_settings"]

BROKERS = "AVROGEN_BROKERS"
"""The variable that says where Kafka is."""


class DeadLetterQueue:
    """The letters of a topic, with all that is needed to show them and to send them back.

    Args:
        topic: the topic.
        config: settings of clients.
        box: reads the letters.
        registry: decodes them; None: there is none.
    """

    def __init__(
        self, topic: str, config: Settings, box: DeadLetterReader, registry: SchemaRegistry | None
    ) -> None:
        self.topic = topic
        self._config = config
        self._box = box
        self._decoder = Decoder(registry)

    def texts(self, style: Literal["text", "json"]) -> Iterator[str | None]:
        """All letters in words, or as lines of JSON; None for one that was sent back before.

        Raises:
            ConsumeError: they cannot be read.
        """
        show = dead_letter_text if style == "text" else dead_letter_json
        ranges = self._box.ranges()
        starts = {number: range_.first for number, range_ in ranges.items()}
        for letter in self._box.letters(starts, ranges):
            passed = letter.offset < ranges[letter.partition].sent_back
            yield None if passed and letter.origin else show(letter, self._decoder)

    def replay(self, tell: Callable[[str], None]) -> list[str]:
        """Send all letters back that were not sent back before.

        Args:
            tell: given a line on each that was sent.

        Returns:
            A line on each that stays.

        Raises:
            DeliveryError, TransactionError, ConsumeError: as
                :func:`avrogen.dead_letters.replay.replay`.
        """

        def sent(letter: DeadLetterRecord) -> None:
            assert letter.origin is not None, "it was sent somewhere"
            tell(f"{_place(letter)}: back to {letter.origin.topic}")

        stay = replay(self._config, self._box, sent)
        return [f"{_place(each)}: stays, as nobody says where it comes from" for each in stay]


@contextmanager
def open_dead_letters(
    topic: str,
    brokers: str | None,
    file: Path | None,
    url: str | None,
    environment: Mapping[str, str],
) -> Generator[DeadLetterQueue]:
    """The letters of a topic.

    Args:
        topic: its name.
        brokers: where Kafka is; None: the environment or the file says it.
        file: settings of librdkafka, and of the registry with ``schema.registry.`` before them.
        url: where the registry is; None: the environment or the file says it, or there is none.
        environment: the variables.

    Raises:
        ConfigurationError: nothing says where Kafka is, or the settings cannot work.
        Problem: what is said of the registry does not go together.
        ConsumeError: the brokers do not answer.
        RegistryError: the registry's settings are at fault.
    """
    config = {} if file is None else read_settings(file)
    given = brokers or environment.get(BROKERS)
    if given:
        config["bootstrap.servers"] = given
    if not config.get("bootstrap.servers"):
        raise ConfigurationError(
            "nothing says where Kafka is",
            hint=f"give --brokers, set {BROKERS}, or write bootstrap.servers=... in --settings",
        )
    halves = split(config)
    settings: Mapping[str, object] | None = halves.registry if "url" in halves.registry else None
    if url or environment.get(URL):
        settings = registry_connection(url, environment, None).settings
    with closing(DeadLetterReader(halves.client, topic)) as box:
        registry = None if settings is None else connect(settings, retries=COMMAND_RETRIES)
        try:
            yield DeadLetterQueue(topic, config, box, registry)
        finally:
            if registry is not None:
                registry.close()


def read_settings(file: Path) -> dict[str, object]:
    """Settings as ``kafka-console-consumer`` and others take them: a line ``name=value`` for each.

    Raises:
        ConfigurationError: a line is none.
        OSError: the file cannot be read.
    """
    settings: dict[str, object] = {}
    lines = map(str.strip, file.read_text("utf-8").splitlines())
    for number, line in enumerate(lines, 1):
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals:
            # What it says is not shown: it may be a password.
            raise ConfigurationError(f"{file}:{number} is no setting, which is name=value")
        settings[name.strip()] = value.strip()
    return settings


def _place(letter: DeadLetterRecord) -> str:
    return f"{letter.topic} [{letter.partition}] {letter.offset}"
