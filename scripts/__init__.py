"""What stands behind the Makefile.

`console`, `setup`, `run` and `supervisor` use the standard library alone: they run before anything
is installed.
"""
