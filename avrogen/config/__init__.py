"""The configuration of a project: ``avrogen.toml`` or ``[tool.avrogen]``."""
