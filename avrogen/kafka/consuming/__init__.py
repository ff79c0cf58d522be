"""Handling events of topics.

What is decided, without doing or waiting:

retry           when and how often a message is tried again
failures        what went wrong with a message, and what follows
lane            one partition: its messages on their way to the handler, and how far it has come
intake          all lanes: whose turn it is, what the client should fetch, which offsets to store
dead_letters    what a dead letter says
"""
