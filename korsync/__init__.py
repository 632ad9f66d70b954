"""Keeps a shop's KORONA.cloud till and warehouse and its Shopify store in step.

cli -> commands -> run -> pipelines -> korona, shopify -> wire: imports run one way. Decisions are pure functions over
frozen records; reading and writing happen at the edges. The rooms of the house:

    cli        the commands: parse, call one function, print, exit code; no decisions
    cli_items  those about what stands and a person's word on it: status, check, explain, log, retry, ignore, …
    run        drives the pipelines one after the other: pull, plan, guard, show, push, save
    demo       `korsync demo` and `korsync sandbox`
    errors     what can go wrong, as one tree: each error with what to do and its exit code
    text       text from outside, made printable in one line
    commands   what a command does beyond printing: sync, init, doctor, check, explain, log, undo, decide, …
    report     what is told of a run and how: diffs, telling, screens, as_json; no other room knows terminals
    pipelines  products with images, stock, orders, refunds: each pulls, plans and pushes; and what they share
    rules      the decisions, pure: matching, prices, guards, stock, receipts, returns, bookings, a person's word
    records    frozen values that the rooms hand each other: catalogue, orders, receipts, bookings, plan, memory
    memory     what is kept between two runs and survives a crash: state, cache, journal, codec, files with the lock
    config     the configuration file as frozen settings; every mistake with its key and line
    wire       HTTP, which no other room knows: sessions, outcomes, answers, pacing
    korona     KORONA.cloud's API v3: client with its lists, reads (JSON to records), writes (records to JSON)
    shopify    Shopify's Admin REST API: client, reads, writes, auth
    sandbox    both APIs simulated over real HTTP on this machine, with a sample shop
    tests      mirrors the package; the kill matrix, the simulation, and support for all of them
"""

__version__ = "0.1.0"
