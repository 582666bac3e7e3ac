"""Events of the server: each with a type, an id of its own, and its fields."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from streaming.protocols.realtime.fields import RealtimeError

__all__ = ["Event", "Outlet"]

Event: TypeAlias = Mapping[str, Any]


class Outlet:
    """Sends events, and hands out the ids of one session.

    Args:
        session: its name; every id holds it, so that no two sessions share one.
        put: takes each event.
    """

    def __init__(self, session: str, put: Callable[[Event], None]) -> None:
        self.session = session
        self._put = put
        self._sent = 0
        self._ids = 0

    def send(self, type_: str, **fields: object) -> None:
        """Send an event."""
        self._sent += 1
        event_id = f"event_{self.session}_{self._sent}"
        self._put({"type": type_, "event_id": event_id, **fields})

    def refuse(self, error: RealtimeError, message: str, cause: str | None) -> None:
        """Say that an event of the client was not obeyed.

        Args:
            error: why.
            message: the same for people.
            cause: the id of that event, if it has one.
        """
        self.send(
            "error",
            error={
                "type": "invalid_request_error",
                "code": error.code,
                "message": message,
                "param": error.param,
                "event_id": cause,
            },
        )

    def new_id(self, kind: str) -> str:
        """An id like ``item_a0975ebd_3``."""
        self._ids += 1
        return f"{kind}_{self.session}_{self._ids}"
