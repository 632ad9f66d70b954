"""What other connectors do, with Shopify's own Python library: each level is looked up and set, changed or not."""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import shopify
from pyactiveresource.connection import ClientError

from korsync.sandbox.shopify.access import SANDBOX_KEYS
from korsync.sandbox.world import API_VERSION

PAUSE = 1.0
"""Seconds until a call is tried again that the bucket refused."""


def patiently(call: Callable[..., Any], *values: Any) -> Any:
    while True:
        try:
            return call(*values)
        except ClientError as error:
            if error.code != 429:
                raise
            time.sleep(PAUSE)


def main() -> None:
    url, levels = sys.argv[1], json.loads(sys.argv[2])
    shopify.ShopifyResource.set_site(f"{url}/admin/api/{API_VERSION}")
    shopify.ShopifyResource.set_headers({"X-Shopify-Access-Token": SANDBOX_KEYS.access_token})
    for variant_id, _, location_id, pieces in levels:
        variant = patiently(shopify.Variant.find, variant_id)
        patiently(shopify.InventoryLevel.set, location_id, variant.inventory_item_id, pieces)


if __name__ == "__main__":
    main()
