"""The versioned face of avrogen that generated code imports.

``v1`` gains names but never changes or loses one, so that a generated package keeps working with
every later avrogen.
"""
