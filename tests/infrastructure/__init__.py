"""pytest plugins of ours: which tests run on which database, what they need, a browser."""
