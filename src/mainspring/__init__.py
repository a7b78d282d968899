"""Durable jobs in plain Python."""
