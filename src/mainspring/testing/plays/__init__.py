"""Plays: a job run under one schedule after the other, the same every time. `crash_everywhere` and `explore`."""
