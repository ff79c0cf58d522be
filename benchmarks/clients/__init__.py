"""What benchmarks/topics.py measures: producers and consumers on an embedded broker.

setting     the broker, the registry and the event that all share
sending     producers
receiving   consumers
racing      everybody in turn, round by round
"""
