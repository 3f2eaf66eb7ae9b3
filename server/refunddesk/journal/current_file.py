"""The file that a process writes to now: begun with its first record, and ended after a minute."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from refunddesk.journal.segment import ROOM, OpenSegment, least_room, sync_folder
from refunddesk.sealing import Sealer

#: So long a file is written to at most: what was read from it is to be gone from the disk soon.
_LIFE_SECONDS = 60.0


class CurrentFile:
    """One file after the other, each while it has room and is young enough."""

    def __init__(self, folder: Path, sealer: Sealer, name: Callable[[], str]) -> None:
        self._folder = folder
        self._sealer = sealer
        self._name = name
        self._writing = threading.Lock()
        self._segment: OpenSegment | None = None
        self._ending: threading.Timer | None = None

    def append(self, records: Sequence[bytes]) -> None:
        """On the disk when this returns. Raises OSError."""
        with self._writing:
            try:
                if self._segment is None or not self._segment.has_room_for(records):
                    self._close()
                    self._segment = self._begin(records)
                self._segment.append(records)
            except BaseException:
                # What is on the disk now is not known: nothing may be written behind it.
                with suppress(OSError):
                    self._close()
                raise

    def close(self) -> None:
        """Let readers have the file for good. The next record begins another."""
        with self._writing:
            self._close()

    def leave(self) -> None:
        """Forget the file after a fork: it is the parent's."""
        segment, self._segment = self._segment, None
        if segment:
            segment.close()

    def _begin(self, records: Sequence[bytes]) -> OpenSegment:
        if not self._folder.is_dir():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            sync_folder(self._folder.parent)
        room = max(ROOM, least_room(records))
        segment = OpenSegment(self._folder, self._name(), self._sealer, room=room)
        self._ending = threading.Timer(_LIFE_SECONDS, self._end, [segment])
        self._ending.daemon = True
        # Without a thread for it, the file is ended when it is full.
        with suppress(RuntimeError):
            self._ending.start()
        return segment

    def _end(self, segment: OpenSegment) -> None:
        with self._writing:
            if self._segment is segment:
                self._close()

    def _close(self) -> None:
        # Forgotten first: a close that fails has closed it all the same, and its number may be
        # another file's by now.
        segment, self._segment = self._segment, None
        ending, self._ending = self._ending, None
        if ending:
            ending.cancel()
        if segment:
            segment.close()
