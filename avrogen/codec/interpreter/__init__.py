"""The plan, run step by step with everything looked at: what the codec means.

It is several times slower than compiled code, but never gives up on a value that fits, and knows
where it is when one does not. Compiled code passes it whatever is out of the ordinary.
"""
