"""How korsync says who it is in Shopify: with a fixed token, or with one asked for once per run and never stored."""

import threading
from collections.abc import Mapping

from korsync.wire.answers import Answer, an_object, needed, text
from korsync.wire.http import Authorise, Session

_PATH = "admin/oauth/access_token"


def fixed_token(token: str) -> Authorise:
    """Return what authorises with a token that does not expire."""
    headers = _headers(token)
    return lambda _session, _renew: headers


def client_credentials(client_id: str, client_secret: str) -> Authorise:
    """Return what authorises with a token got for client id and secret.

    It is asked for when first needed, and once more where Shopify no longer takes it; both raise Refused where
    Shopify does not know the app.
    """
    lock = threading.Lock()
    tokens: list[str] = []

    def authorise(session: Session, renew: bool) -> Mapping[str, str]:
        with lock:
            if not tokens or (renew and len(tokens) == 1):
                tokens.append(_ask(session, client_id, client_secret))
            return _headers(tokens[-1])

    return authorise


def _ask(session: Session, client_id: str, client_secret: str) -> str:
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
    token = session.ask_token(_PATH, form, _token)
    session.hide(token)
    return token


def _token(answer: Answer) -> str:
    return needed(text(an_object(answer.body, "answer"), "access_token") or None, "access_token")


def _headers(token: str) -> Mapping[str, str]:
    return {"X-Shopify-Access-Token": token}
