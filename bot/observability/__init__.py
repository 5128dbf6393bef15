"""What an operator sees of a running server: logs and metrics. Neither holds what a resident wrote."""
