"""Packages that are generated while a wheel is built: plugins for hatchling and setuptools.

``settings`` reads what ``pyproject.toml`` says, ``generating`` compiles, and ``hatch_plugin`` and
``setuptools_plugin`` say it in the words of each backend.
"""
