"""Honest measurements: ours and the bare minimum in one run, side by side."""
