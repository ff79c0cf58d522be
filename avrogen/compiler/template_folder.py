"""Where templates are."""

from __future__ import annotations

from pathlib import Path

__all__ = ["template_folder"]


def template_folder() -> Path:
    """Beside this module where avrogen is installed, at the top of a checkout."""
    installed = Path(__file__).with_name("templates")
    return installed if installed.is_dir() else Path(__file__).parents[2] / "templates"
