"""Who may ask the simulated store, for what, and how often: tokens, scopes, and the leaky bucket."""

import math
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qs

from korsync.sandbox.exchange import Answer, Clock, Request
from korsync.sandbox.shopify.query import RefusalError

ALL_SCOPES = frozenset(
    {
        "read_products",
        "write_products",
        "read_inventory",
        "write_inventory",
        "read_locations",
        "read_orders",
        "read_all_orders",
        "read_draft_orders",
    }
)

TOKEN_LIFE = timedelta(seconds=86399)


@dataclass(frozen=True, slots=True)
class Keys:
    """What opens the store: a token that never expires, and the id and secret that tokens are got with."""

    access_token: str
    client_id: str
    client_secret: str


SANDBOX_KEYS = Keys("shpat_sandbox", "sandbox-client", "shpss_sandbox")


class Bucket:
    """A leaky bucket: each request adds one, and it leaks as time goes by, real or virtual, whichever went further."""

    def __init__(self, clock: Clock, size: int, leak_per_second: float) -> None:
        self.size = size
        self.leak_per_second = leak_per_second
        self._clock = clock
        self._content = 0.0
        self._seen = (time.monotonic(), clock.now())

    def take(self) -> bool:
        """Add a request; say whether it still fits."""
        real, virtual = time.monotonic(), self._clock.now()
        passed = max(real - self._seen[0], (virtual - self._seen[1]).total_seconds())
        self._seen = (real, virtual)
        self._content = max(0.0, self._content - passed * self.leak_per_second)
        if self._content + 1 > self.size:
            return False
        self._content += 1
        return True

    @property
    def mark(self) -> str:
        """How full the bucket is, as the call-limit header says it."""
        return f"{math.ceil(self._content)}/{self.size}"


class Access:
    """The tokens that are good, the app they belong to, and what it may do. A write scope contains its read scope."""

    def __init__(self, clock: Clock, keys: Keys) -> None:
        self.scopes = set(ALL_SCOPES)
        self._clock = clock
        self._keys = keys
        self._good_until: dict[str, datetime | None] = {keys.access_token: None}
        self._granted = 0

    def revoke_tokens(self) -> None:
        """Make every token given so far worthless."""
        self._good_until.clear()

    def check_token(self, request: Request) -> None:
        """Refuse a request without a good token."""
        token = request.headers.get("x-shopify-access-token", "")
        good_until = self._good_until.get(token, datetime.min.replace(tzinfo=self._clock.now().tzinfo))
        if good_until is not None and good_until <= self._clock.now():
            raise RefusalError(401, "[API] Invalid API key or access token (unrecognized login or wrong password)")

    def holds(self, scope: str) -> bool:
        """Say whether the app has a scope."""
        return scope in self.scopes or scope.replace("read_", "write_", 1) in self.scopes

    def require(self, scope: str | None) -> None:
        """Refuse a request whose scope the merchant has not approved."""
        if scope is not None and not self.holds(scope):
            raise RefusalError(403, f"[API] This action requires merchant approval for {scope} scope.")

    def grant(self, request: Request) -> Answer:
        """Answer a request for a token by the client-credentials grant; a token is good for a day by the clock."""
        asked = self._asked(request)
        if asked.get("grant_type") != "client_credentials":
            return _oauth_error("grant_type must be client_credentials")
        if (asked.get("client_id"), asked.get("client_secret")) != (self._keys.client_id, self._keys.client_secret):
            return _oauth_error("the client id or the client secret is wrong")
        self._granted += 1
        token = f"shpat_sandbox{self._granted:025}"
        self._good_until[token] = self._clock.now() + TOKEN_LIFE
        scope = ",".join(sorted(self.scopes))
        seconds = int(TOKEN_LIFE.total_seconds())
        return Answer(200, {"access_token": token, "scope": scope, "expires_in": seconds})

    def scopes_json(self) -> dict[str, list[dict[str, str]]]:
        """Return the scopes as the access-scopes endpoint shows them."""
        return {"access_scopes": [{"handle": each} for each in sorted(self.scopes)]}

    def _asked(self, request: Request) -> dict[str, str]:
        if request.headers.get("content-type", "").startswith("application/json"):
            try:
                whole = request.json()
            except ValueError:
                return {}
            return {str(name): str(value) for name, value in whole.items()} if isinstance(whole, dict) else {}
        return {name: values[0] for name, values in parse_qs(request.body.decode(errors="replace")).items()}


def _oauth_error(description: str) -> Answer:
    return Answer(400, {"error": "invalid_request", "error_description": description})
