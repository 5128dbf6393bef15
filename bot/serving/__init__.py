"""Rasa as a lean server: its own extension points, filled with what one small machine needs."""
