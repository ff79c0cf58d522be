"""Schema registries: what is asked of one, and who answers.

port         the questions, as a protocol, and the values that answers are made of
"""
