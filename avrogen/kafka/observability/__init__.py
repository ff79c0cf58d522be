"""What producers and consumers do, seen from outside.

observer        the methods that are called; subclass it to know
guard           what keeps an observer's mistakes away from messages
counters        figures that are always there
trace_context   W3C trace context, in and out of headers
handling        the message in hand, for log records and for what is sent meanwhile
events          what is logged
opentelemetry   spans and metrics
"""
