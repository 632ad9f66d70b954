"""Both simulated sides as one world: one clock, one lock, two servers, and a configuration file that fits them."""

import json
import threading
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from korsync.sandbox.exchange import Clock
from korsync.sandbox.korona import account as korona_side
from korsync.sandbox.korona.account import KoronaSide
from korsync.sandbox.korona.routes import BASE_PATH, TOO_MANY_WRITES
from korsync.sandbox.server import SandboxServer
from korsync.sandbox.shopify.access import SANDBOX_KEYS
from korsync.sandbox.shopify.shop import ShopifySide

API_VERSION = "2026-10"


class World:
    """A KORONA account and a Shopify store on loopback; as a context manager it runs inside the block.

    `currency` is that of both sides; a store that adds taxes on top goes with a net price list.
    """

    def __init__(self, clock: Clock | None = None, *, currency: str = "EUR", taxes_included: bool = True) -> None:
        self.clock = clock or Clock()
        self.lock = threading.RLock()
        self.korona = KoronaSide(self.clock, self.lock, currency=currency, net_prices=not taxes_included)
        self.shopify = ShopifySide(self.clock, self.lock, currency=currency, taxes_included=taxes_included)
        self.korona_server = SandboxServer(self.korona.answer, self.clock, self.lock, overlap=TOO_MANY_WRITES)
        self.shopify_server = SandboxServer(self.shopify.answer, self.clock, self.lock)

    def start(self, korona_port: int = 0, shopify_port: int = 0) -> None:
        """Start both servers; port 0 takes a free one."""
        self.korona_server.start(korona_port)
        self.shopify_server.start(shopify_port)

    def stop(self) -> None:
        """Stop both servers; may be called twice."""
        self.korona_server.stop()
        self.shopify_server.stop()

    def __enter__(self) -> Self:
        """Start both servers."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop both servers."""
        self.stop()

    def write_config(self, folder: Path, **overrides: Any) -> Path:
        """Write a config.yaml for these servers into a folder and return its path.

        An override names a section with the keys to change in it (`safety={"settle_minutes": 1}`) or a top-level
        key (`state_file="other.json"`); a key set to None is left out.
        """
        settings = self._settings()
        for name, value in overrides.items():
            section = settings.get(name)
            settings[name] = {**section, **value} if isinstance(section, dict) and isinstance(value, dict) else value
        path = folder / "config.yaml"
        path.write_text("".join(f"{line}\n" for line in _yaml_lines(settings)), encoding="utf-8")
        path.chmod(0o600)  # it holds secrets, and korsync refuses to read it otherwise
        return path

    def _settings(self) -> dict[str, Any]:
        first_day = (self.clock.now() - timedelta(days=8)).astimezone(self.korona.zone).date()
        return {
            "korona": {
                "base_url": self.korona_server.base_url + BASE_PATH,
                "account_id": self.korona.account_id,
                "username": self.korona.user,
                "password": self.korona.password,
                "price_list": "Shopify",
                "point_of_sale": "90",
                "coupling_id": korona_side.COUPLING_ID,
                "cashier": "99",
                "customer_group": "1",
            },
            "shopify": {
                "shop": self.shopify.store.domain,
                "api_version": API_VERSION,
                "access_token": SANDBOX_KEYS.access_token,
                "base_url": self.shopify_server.base_url,
            },
            "stock": {"locations": [{"location": "Laden Mitte", "warehouses": ["1"], "buffer": 0}]},
            "orders": {
                "start_from": first_day,
                "shipping_product": "9001",
                "default_product": "9000",
                "payment_methods": {"shopify_payments": "5", "paypal": "6", "default": "9"},
            },
            "safety": {},
            "state_file": "state.json",
        }


def _yaml_lines(settings: Mapping[str, Any], indent: str = "") -> list[str]:
    """Return a mapping as lines of YAML: blocks of keys, everything inside a key's value in JSON's notation."""
    lines = []
    for name, value in settings.items():
        if isinstance(value, Mapping) and value:
            lines += [f"{indent}{name}:", *_yaml_lines(value, indent + "  ")]
        elif value is not None and value != {}:
            lines.append(f"{indent}{name}: {_yaml_value(value)}")
    return lines


def _yaml_value(value: Any) -> str:
    # a date must stay unquoted: in YAML it is a type of its own
    quoted = isinstance(value, str | bool | int | float | list)
    return json.dumps(value, ensure_ascii=False) if quoted else str(value)
