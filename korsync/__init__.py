"""Keeps a shop's KORONA.cloud till and warehouse and its Shopify store in step.

cli -> run -> pipelines -> clients -> http: imports run one way. Decisions are pure functions over frozen records;
reading and writing happen at the edges.

    cli        commands: parse, call one function, print, exit code
    run        drives the pipelines: pull, plan, guard, show, push, save
    pipelines  products, stock, orders, refunds: each pulls, plans and pushes
    receipts   an order becomes a receipt; returns: a refund becomes a negative one (pure)
    pending    pieces sold in Shopify that KORONA's stock does not contain yet (pure)
    korona     client, reads and writes of the KORONA.cloud API v3
    shopify    client, auth, reads and writes of the Shopify Admin REST API
    http       one session per API: outcomes, retries, pacing
    state      what must not be lost; cache: what may be
    sandbox    both APIs simulated on loopback, with a sample shop
"""

__version__ = "0.1.0"
