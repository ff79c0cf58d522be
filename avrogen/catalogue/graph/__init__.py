"""Pictures of who refers to whom, from left to right, in the manner of Sugiyama.

graphs     which things a picture shows
columns    which column each thing is in: right of everything that refers to it
ordering   the order within columns, so that few lines cross
layout     coordinates of boxes and lines
"""
