"""Timing of a running server, over HTTP only."""
