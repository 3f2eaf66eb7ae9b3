"""Ends this process when the one that started it is gone, even if that one was killed."""

from __future__ import annotations

import os
import signal
import threading

_LOOK_SECONDS = 0.5
_GRACE_SECONDS = 10.0


def keep_company(process_id: int) -> None:
    """Watch `process_id` from a thread: first ask ourselves to stop, then stop."""
    threading.Thread(target=_watch, args=(process_id,), name="company", daemon=True).start()


def _watch(process_id: int) -> None:
    pause = threading.Event()
    while _is_there(process_id):
        pause.wait(_LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    pause.wait(_GRACE_SECONDS)
    os._exit(1)


def _is_there(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
