"""The interpreter: plans run step by step, with every check. It defines what the codec does.

It is several times slower than compiled code, but handles every value that fits, and its errors
have the path of the faulty part. Compiled code leaves all unusual values and bytes to it.

    encoder       values to bytes
    decoder       bytes to values
    cursor        a position in data
    path_errors   errors with a path
"""
