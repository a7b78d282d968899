"""The demo: an invented shop whose jobs are real, and some days of its history, played by the real engine."""
