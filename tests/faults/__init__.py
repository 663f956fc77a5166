"""The fault matrix: real processes that are killed, cut off and lied to, and must come right."""
