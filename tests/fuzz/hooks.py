"""What Schemathesis does for this service: it signs what it is about to send."""

from typing import Any

import schemathesis

from tests.fuzz.signing import signed


def _sign(request: Any) -> Any:
    """For requests' `auth`, which is given what goes over the wire."""
    body = request.body or b""
    request.headers.update(signed(body if isinstance(body, bytes) else body.encode()))
    return request


schemathesis.auth.set_from_requests(_sign).apply_to(path_regex="^/events/")
