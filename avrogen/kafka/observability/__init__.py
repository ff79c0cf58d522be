"""Observability of producers and consumers.

Modules, in reading order:

    observer        Observer: callbacks for events, isolated from messages
    counters        ConsumerCounters, ProducerCounters: figures that are always counted
    logs            log events with fields, to the logger avrogen.kafka
    tracebacks      tracebacks of handlers' exceptions, formatted once per place
    context         current message and W3C trace context, for log records and headers
    opentelemetry   OpenTelemetryObserver: spans and metrics
"""
