"""What the doctor says of one part of a deployment, and where it looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from refunddesk.jobnames import QueueName
from refunddesk.queue import QueueLoad


class Grade(StrEnum):
    OK = "ok"
    WARN = "warn"  # works, and may not for long or not as it should
    BAD = "bad"  # does not do its work


@dataclass(frozen=True, slots=True)
class Observation:
    """What is so of one part; `mend` says what to do where it is not well."""

    part: str
    grade: Grade
    says: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the desk is: its public address with its prefix, and how its queues are measured."""

    base_url: str
    measure_queues: Callable[[], Mapping[QueueName, QueueLoad]]
