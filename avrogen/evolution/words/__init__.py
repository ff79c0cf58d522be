"""What became of schemas in the user's words, with what to do about it."""
