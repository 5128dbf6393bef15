"""Evaluation: cases, metrics, report."""
