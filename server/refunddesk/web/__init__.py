"""The web edge: handlers that translate between HTTP and the use cases, and nothing else."""
