"""The commands that stand in a module each."""
