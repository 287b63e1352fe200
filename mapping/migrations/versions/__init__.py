"""Hold one module a version, in order."""
