"""Preflight: code that is about to be deployed, held against the runs that would go on with it."""
