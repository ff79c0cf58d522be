"""Schema registries: what is asked of one, and who answers.

port            the questions, as a protocol, and the values that answers are made of
confluent       answers them over HTTP: rest sends, refusals and answers read what comes back
retrying        asks again what may work the next time
caching         asks once
connecting      these three, as programs use them
complete        makes one schema of a schema and those that it refers to
registration    finds a schema under its subject, or registers it by the rule
asynchronous    the same questions for asyncio
"""

from avrogen.kafka.registry.connect import connect
from avrogen.kafka.registry.protocol import SchemaRegistry

__all__ = ["SchemaRegistry", "connect"]
