"""The jobs: functions that take one id, look, and may be run twice."""
