"""Who may open a session: a websocket, of a page that may, with a key, if there is room."""

import http
import logging
from collections.abc import Mapping

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from streaming.config import ServerConfig
from streaming.http_responses import json_response
from streaming.keys import Keys, offered_keys
from streaming.origins import may_connect
from streaming.telemetry import Telemetry

__all__ = ["RETRY_AFTER", "Admission"]

log = logging.getLogger(__name__)

RETRY_AFTER = 5
"""Seconds after which a client that was refused may try again."""

HEADERS: Mapping[http.HTTPStatus, Mapping[str, str]] = {
    http.HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
    http.HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": str(RETRY_AFTER)},
    http.HTTPStatus.UPGRADE_REQUIRED: {"Upgrade": "websocket"},
}


class Admission:
    """Refuses who may not open a session.

    Args:
        config: who may.
        telemetry: counts who may not.

    Raises:
        ConfigError: there are no keys in the file of keys.
    """

    def __init__(self, config: ServerConfig, telemetry: Telemetry) -> None:
        self._config = config
        self._telemetry = telemetry
        self.keys = Keys.read(config.api_keys, setting="server.api_keys")
        """Of which a client must know one."""

    def refusal(
        self,
        connection: ServerConnection,
        request: Request,
        *,
        page: str,
        obstacle: str,
        shows_key_later: bool = False,
        is_signed: bool = True,
    ) -> Response | None:
        """The answer to who is refused; None lets the handshake go on.

        Args:
            connection: on which the request came.
            request: for a session.
            page: of the documentation, about what it asks for.
            obstacle: why there can be no further session; empty if there can.
            shows_key_later: whether who asks cannot send headers; then the door asks.
            is_signed: whether the request bears the signature that it must.
        """
        if "websocket" not in ",".join(request.headers.get_all("Upgrade")).lower():
            path = request.path.partition("?")[0]
            body = {"error": f"{path} is a websocket", "docs": page}
            status = http.HTTPStatus.UPGRADE_REQUIRED
            return json_response(status, body, HEADERS[status])
        if not may_connect(
            request.headers.get_all("Origin"),
            request.headers.get_all("Host"),
            listed=self._config.origins,
            own=(self._config.host.lower(), str(connection.local_address[0])),
        ):
            hint = "list the page's in server.origins"
            return self._refuse("origin", http.HTTPStatus.FORBIDDEN, hint)
        if not is_signed:
            hint = "twilio.url must be that of TwiML, to the letter, and the token its account's"
            return self._refuse("signature", http.HTTPStatus.FORBIDDEN, hint)
        known = shows_key_later or self.keys.admit(offered_keys(request.headers))
        if not known:
            hint = "send Authorization: Bearer with a key of server.api_keys"
            return self._refuse("api_key", http.HTTPStatus.UNAUTHORIZED, hint)
        if obstacle:
            return self._refuse(obstacle, http.HTTPStatus.SERVICE_UNAVAILABLE)
        return None

    def _refuse(self, why: str, status: http.HTTPStatus, hint: str = "") -> Response:
        self._telemetry.refused(why)
        # Who asks, as Twilio, may show the hint to nobody.
        log.info("a session was refused: %s", f"{why}: {hint}" if hint else why)
        body = {"error": why, **({"hint": hint} if hint else {})}
        return json_response(status, body, HEADERS.get(status))
