"""What must stand nowhere: the sandbox's secrets, and what its orders tell of persons. Every test of a shop looks."""

import json
from pathlib import Path
from urllib.parse import quote, quote_plus

from korsync.sandbox.korona.account import COUPLING_ID, PASSWORD
from korsync.sandbox.shopify.access import SANDBOX_KEYS
from korsync.sandbox.shopify.line_wire import CANARY
from korsync.sandbox.world import World

SECRETS = (PASSWORD, COUPLING_ID, SANDBOX_KEYS.access_token, SANDBOX_KEYS.client_secret)


def assert_kept(world: World, folder: Path) -> None:
    """Look in every request, and in every file beside the configuration: state, cache, journal, what a bug left."""
    for server in (world.korona_server, world.shopify_server):
        for request in server.requests:
            assert CANARY not in f"{request.method} {request.path} {request.query}"
            assert CANARY.encode() not in request.body
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix != ".yaml" and path.name not in ("environment", "secrets"):
            assert_silent(path.read_bytes().decode("utf-8", "replace"), path.name)


def assert_silent(told: str, where: str = "") -> None:
    """Nothing secret and nothing about a person stands in a text."""
    for canary in (*SECRETS, CANARY):
        for spelled in spellings(canary):
            assert spelled not in told, f"{where} tells {spelled}"


def spellings(canary: str) -> set[str]:
    """Return a text as it stands, in an address and in JSON."""
    encoded = {quote(canary, safe=""), quote_plus(canary), quote(canary)}
    return {canary, json.dumps(canary)[1:-1], *encoded, *(each.lower() for each in encoded if "%" in each)}
