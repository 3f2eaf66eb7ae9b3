"""Refunds paid under schedules that a seed decides: who goes on when, who is killed, what fails.

`python -m tests.stories.schedules --help` plays any number of them, or one with all its steps.
"""
