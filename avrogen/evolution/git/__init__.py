"""Schemas as git has them at some commit. The working copy is neither changed nor read."""

from avrogen.evolution.git.snapshots import git_snapshot

__all__ = ["git_snapshot"]
