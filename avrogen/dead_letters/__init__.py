"""What is on a topic for dead letters: to look at, and to send back.

letter          a dead letter
letter_box      reads them, and knows which were sent back
replay          sends them back, once each
command         the command line's: where letters and registry are
showing         keys and values as far as they can be decoded, for people and for programs
"""
