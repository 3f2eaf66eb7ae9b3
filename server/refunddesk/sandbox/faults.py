"""What the sandbox can be told to do wrong, and the list of faults now armed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any


class Mode(StrEnum):
    """Every fault by the name the control route takes. See woocommerce facts A3, A13, A14."""

    # In the gateway, while it works on a refund.
    DECLINE = "decline"  # says no; no money
    RETURNS_FALSE = "returns_false"  # no reason given; no money
    THROWS_BEFORE_MONEY = "throws_before_money"
    THROWS_AFTER_MONEY = "throws_after_money"  # looks like a decline, the row goes, the money went
    DIES_BEFORE_ROW = "dies_before_row"  # nothing is left of it, and no money
    DIES_BEFORE_MONEY = "dies_before_money"  # the row stays unpaid for ever, and no money
    DIES_AFTER_MONEY = "dies_after_money"  # the row stays unpaid for ever, and the money went
    HANGS_BEFORE_MONEY = "hangs_before_money"
    HANGS_AFTER_MONEY = "hangs_after_money"
    # In front of the store, for any request.
    ABANDONED = "abandoned"  # the client is cut off at once, the work is done later
    SLOW = "slow"
    MAINTENANCE = "maintenance"  # 503 as HTML
    BAD_GATEWAY = "bad_gateway"  # 502 as HTML, nothing done
    REDIRECT = "redirect"  # 301 to `message`
    TOO_MANY = "too_many"  # 429 from the proxy
    CLOSES_BEFORE = "closes_before"  # connection closed, nothing done
    CLOSES_AFTER = "closes_after"  # all done, connection closed without an answer
    CLOSES_MID_BODY = "closes_mid_body"
    TRAILING_GARBAGE = "trailing_garbage"  # a PHP notice behind the JSON


GATEWAY_MODES = frozenset(
    {
        Mode.DECLINE,
        Mode.RETURNS_FALSE,
        Mode.THROWS_BEFORE_MONEY,
        Mode.THROWS_AFTER_MONEY,
        Mode.DIES_BEFORE_ROW,
        Mode.DIES_BEFORE_MONEY,
        Mode.DIES_AFTER_MONEY,
        Mode.HANGS_BEFORE_MONEY,
        Mode.HANGS_AFTER_MONEY,
    }
)
#: How a death after the money looks from outside.
DEATHS = ("text_500", "html_502", "json_500")


class NoSuchFault(ValueError):
    """A fault was asked for that the sandbox does not know."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to go wrong `times` times (None: until cleared), for matching requests only."""

    mode: Mode
    times: int | None = 1
    seconds: float = 0.0
    message: str = ""
    method: str = ""  # "" is any
    path_part: str = ""  # "" is any
    order_id: int = 0  # 0 is any; gateway faults only

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "mode": str(self.mode)}


class Faults:
    """The armed faults, first armed first used. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[Fault] = []

    def arm(
        self,
        mode: Mode | str,
        *,
        times: int | None = 1,
        seconds: float = 0.0,
        message: str = "",
        method: str = "",
        path_part: str = "",
        order_id: int = 0,
    ) -> Fault:
        """Arm one fault; raises NoSuchFault for an unknown mode or a count below one."""
        try:
            known = Mode(mode)
        except ValueError as error:
            names = ", ".join(Mode)
            raise NoSuchFault(f"there is no fault {mode!r}; choose one of: {names}") from error
        if times is not None and times < 1:
            raise NoSuchFault("a fault happens at least once; leave `times` out for once")
        fault = Fault(known, times, seconds, message, method.upper(), path_part, order_id)
        with self._lock:
            self._armed.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self._armed.clear()

    @property
    def armed(self) -> tuple[Fault, ...]:
        with self._lock:
            return tuple(self._armed)

    def take_for_request(self, method: str, path: str) -> Fault | None:
        """The fault this request meets in front of the store, used up by one."""
        return self._take(
            lambda fault: (
                fault.mode not in GATEWAY_MODES
                and fault.method in ("", method)
                and fault.path_part in path
            )
        )

    def take_for_gateway(self, order_id: int, only: Mode | None = None) -> Fault | None:
        """The fault the gateway has with this order's refund, used up by one.

        With `only` the fault of that mode; without, any but those that come before the gateway.
        """
        modes = {only} if only else GATEWAY_MODES - {Mode.DIES_BEFORE_ROW}
        return self._take(lambda fault: fault.mode in modes and fault.order_id in (0, order_id))

    def slowest_gateway(self, order_id: int) -> float:
        """Seconds the gateway would hang now, without using the fault up."""
        hanging = (Mode.HANGS_BEFORE_MONEY, Mode.HANGS_AFTER_MONEY)
        return max(
            (
                fault.seconds
                for fault in self.armed
                if fault.mode in hanging and fault.order_id in (0, order_id)
            ),
            default=0.0,
        )

    def _take(self, matches: Callable[[Fault], bool]) -> Fault | None:
        with self._lock:
            for index, fault in enumerate(self._armed):
                if matches(fault):
                    if fault.times == 1:
                        del self._armed[index]
                    elif fault.times is not None:
                        self._armed[index] = replace(fault, times=fault.times - 1)
                    return fault
        return None
