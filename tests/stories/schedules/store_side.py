"""The other side of the wire: requests that go on without their client, late, in part, or twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from refunddesk.sandbox.faults import Mode
from refunddesk.sandbox.rest_orders import BAD_GATEWAY_PAGE
from refunddesk.woocommerce.transport import Answer, NoAnswer
from tests.stories.schedules.rules import Watch
from tests.stories.schedules.shop import SteppedStore
from tests.stories.schedules.stage import Stage
from tests.stories.schedules.tasks import Killed

#: No store works a refund off later than this after it was asked (seconds): its web server, PHP
#: and gateway all have their own longest run times. The desk allows for 15 minutes.
LATEST = 600.0

_AT_THE_GATEWAY = (
    Mode.DECLINE,
    Mode.RETURNS_FALSE,
    Mode.THROWS_BEFORE_MONEY,
    Mode.THROWS_AFTER_MONEY,
    Mode.THROWS_AFTER_MONEY,
    Mode.HANGS_BEFORE_MONEY,
    Mode.HANGS_AFTER_MONEY,
)
_IN_FRONT = (
    Mode.MAINTENANCE,
    Mode.BAD_GATEWAY,
    Mode.REDIRECT,
    Mode.TOO_MANY,
    Mode.TRAILING_GARBAGE,
)
_OURS = ("refused", "answer lost", "abandoned", "abandoned", "dies", "dies", "dies")
_BAD_GATEWAY = Answer(502, BAD_GATEWAY_PAGE.encode())
_DEATHS = (_BAD_GATEWAY, Answer(500, b"<b>Fatal error</b>: Allowed memory size exhausted"))
_AWAY = Answer(503, b"Briefly unavailable for scheduled maintenance.")


@dataclass(slots=True)
class Request:
    """A refund call the store works on. `answer` is there once it has ended."""

    order_path: str
    dies_after: int | None = None
    writes: int = 0
    answer: Answer | NoAnswer | None = None


class StoreSide:
    """Answers the desk's calls; a refund call runs as a task of its own, like a PHP process."""

    def __init__(self, stage: Stage, store: SteppedStore, watch: Watch) -> None:
        self._stage = stage
        self._store = store
        self._watch = watch
        self._steps_count = True
        self.pending: list[Request] = []
        store.on_step = self._step
        store.nap = self._nap
        store.bridge.wait = self._wait

    def read(self, path: str, params: Mapping[str, str] | None) -> Answer:
        stage = self._stage
        stage.pause(f"before GET {path}")
        stage.be_struck()
        if stage.rng.random() < stage.chances.read_fails:
            if stage.rng.random() < 0.5:
                return _AWAY
            raise NoAnswer("it refused the connection", not_sent=True)
        answer = self._store.answer("GET", path, params, None)
        stage.pause("answered")
        return answer

    def write(self, method: str, path: str, body: object) -> Answer:
        stage = self._stage
        stage.pause(f"before {method} {path}")
        stage.be_struck()
        self._steps_count = False
        try:
            answer = self._store.answer(method, path, None, body)
        finally:
            self._steps_count = True
        stage.pause("answered")
        stage.be_struck()
        if stage.rng.random() < stage.chances.read_fails:
            raise NoAnswer("the connection was reset", not_sent=False)
        return answer

    def post(self, path: str, body: Any, wait: float) -> Answer:
        """A refund. The client waits `wait` seconds; the store may go on for longer."""
        stage = self._stage
        stage.pause(f"before POST {path}")
        stage.be_struck(may_stall=False, gravity=2)
        stage.counts["posts"] += 1
        self._watch.see_post(body["reason"], body["amount"])
        fate = self._draw_fate()
        stage.tell(f"POST {body['amount']} {body['reason']}: {fate or 'all well'}")
        if fate == "refused":
            raise NoAnswer("it refused the connection", not_sent=True)
        # The bridge's notes are moments to die at, too.
        moments = 6 if self._store.bridge.installed else 3
        request = Request(path, stage.rng.randrange(moments) if fate == "dies" else None)
        self.pending.append(request)
        begins_at = stage.elapsed
        late = stage.rng.uniform(0, LATEST - 1) if fate == "abandoned" else 0.0
        stage.start(f"php {len(self.pending)}", lambda: self._work_off(request, body, late, fate))
        if fate == "abandoned" and stage.rng.random() < 0.7:
            stage.pause("given up by the proxy")
            stage.be_struck(gravity=5)
            return _BAD_GATEWAY
        stage.pause(
            "waits for its answer", lambda: request.answer is not None, up_to=begins_at + wait
        )
        stage.be_struck(gravity=5)
        if request.answer is None:
            raise NoAnswer("the answer took too long", not_sent=False, too_slow=True)
        if isinstance(request.answer, NoAnswer) or fate == "answer lost":
            raise NoAnswer("the connection was reset", not_sent=False)
        return request.answer

    def is_busy(self) -> bool:
        return any(request.answer is None for request in self.pending)

    def _draw_fate(self) -> Mode | str | None:
        rng = self._stage.rng
        if rng.random() >= self._stage.chances.post_fails:
            return None
        fate: Mode | str = rng.choice((*_OURS, *_AT_THE_GATEWAY, *_IN_FRONT))
        self._stage.counts[f"store: {fate}"] += 1
        return fate

    def _arm(self, fate: Mode | str | None, path: str) -> None:
        faults, rng = self._store.faults, self._stage.rng
        if fate in _IN_FRONT:
            faults.arm(str(fate), method="POST", path_part=path)
        elif fate in _AT_THE_GATEWAY:
            order_id = int(path.split("/")[-2])
            faults.arm(str(fate), order_id=order_id, seconds=rng.uniform(20, LATEST - 1))

    def _work_off(
        self, request: Request, body: object, late: float, fate: Mode | str | None
    ) -> None:
        if late:
            self._stage.sleep(late, "waits for a free PHP process")
        self._arm(fate, request.order_path)
        try:
            request.answer = self._store.answer("POST", request.order_path, None, body)
        except NoAnswer as broken:
            request.answer = broken
        except Killed:
            request.answer = self._stage.rng.choice(_DEATHS)
        self._store.faults.clear()
        self._stage.tell(f"answers {getattr(request.answer, 'status', 'nothing')}")

    def _step(self, name: str) -> None:
        task = self._stage.tasks.current
        if task is None or not self._steps_count or not task.name.startswith("php"):
            return
        request = self.pending[int(task.name.split()[1]) - 1]
        if request.dies_after == request.writes:
            self._stage.tell(f"DIES, {name}")
            raise Killed(task.name)
        request.writes += 1
        self._stage.pause(name)

    def _wait(self, is_free: Callable[[], bool], seconds: float) -> bool:
        stage = self._stage
        if not is_free():
            stage.pause("waits for the order's lock", is_free, up_to=stage.elapsed + seconds)
        return is_free()

    def _nap(self, seconds: float) -> None:
        self._stage.sleep(seconds, "the gateway is slow")
