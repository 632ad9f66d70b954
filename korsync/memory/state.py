"""What must not be lost, in state.json: the order cursor, bookings with their intents, held items, images sent.

Nothing here says anything about a customer.
"""

import errno
import re
from dataclasses import fields, replace
from pathlib import Path

from korsync.errors import StateError
from korsync.memory.codec import decode, encode, from_json, to_json
from korsync.memory.files import read_whole, write_whole
from korsync.memory.sound import check_order, check_state
from korsync.records.bookings import KnownOrder
from korsync.records.memory import Identity, State

SCHEMA = 1

NO_LINK = "let state_file name the file itself, with its whole path: a symbolic link is neither followed nor replaced"

RESTORE = "put a good copy in its place, or move it away and run `korsync init --adopt`"


Encoded = dict[int, tuple[KnownOrder, bytes]]
"""Orders by id, each with its JSON."""

BEFORE_ORDERS, BETWEEN_ORDERS, BEHIND_ORDERS = b',"orders":{\n', b",\n", b"\n}}\n"
"""Each order stands in a line of its own; within JSON no line ends."""


def load_state(path: Path, identity: Identity, encoded: Encoded | None = None) -> State:
    """Return the state of this shop, account and point of sale; the file is only read.

    `encoded` is filled with the orders as they stand in the file, by which those that stay as they are are written.
    Raises StateError where it is missing, is not exactly what `save_state` writes, or belongs to another identity.
    """
    try:
        data = read_whole(path).data
    except FileNotFoundError:
        raise StateError(
            f"the state file {path} is missing",
            "run `korsync init` if this shop is new to korsync, `korsync init --adopt` if its state was lost",
        ) from None
    except OSError as error:
        raise StateError(f"the state file {path} cannot be read: {_reason(error)}", _remedy(error)) from error
    try:
        state = _read(path, data)
        if encoded is not None:
            texts = _texts_of_orders(data)
            encoded.update({key: (order, texts[key]) for key, order in state.orders.items() if key in texts})
    except ValueError as error:
        raise StateError(f"the state file {path} cannot be used: {error}", RESTORE) from None
    for each in fields(Identity):
        theirs, ours = getattr(state.identity, each.name), getattr(identity, each.name)
        if theirs != ours:
            raise StateError(
                f"the state file {path} belongs to another {each.name.replace('_', ' ')}: {theirs}, not {ours}",
                "give this shop a state_file of its own, or put the configuration right",
            )
    return state


def save_state(path: Path, state: State, encoded: Encoded | None = None) -> None:
    """Replace the state file by this state; once this returns, not even a power cut loses it.

    `encoded` serves a run that saves again and again: only orders that have changed since the last time are encoded.
    Raises StateError where that cannot be done, ValueError for a state that `load_state` would refuse.
    """
    data = _to_bytes(state, {} if encoded is None else encoded)
    try:
        write_whole(path, data)
    except OSError as error:
        remedy = "see to it that korsync may write in this folder and that the disk is not full"
        raise StateError(
            f"the state file {path} cannot be written: {_reason(error)}", NO_LINK if _is_link(error) else remedy
        ) from error


def no_link(path: Path) -> None:
    """Raise StateError where a symbolic link stands in the place of a state file, before anything is done for it."""
    if path.is_symlink():
        raise StateError(f"the state file {path} is a symbolic link", NO_LINK)


def _is_link(error: OSError) -> bool:
    return error.errno == errno.ELOOP


def _reason(error: OSError) -> str:
    return "it is a symbolic link" if _is_link(error) else error.strerror or str(error)


def _remedy(error: OSError) -> str:
    """Return what to do where a state cannot be read; not all of it is cured by another copy."""
    if _is_link(error):
        return NO_LINK
    if isinstance(error, PermissionError):
        return "run korsync as the user that owns the state file, or give it to the user that runs korsync"
    return RESTORE


def _to_bytes(state: State, encoded: Encoded) -> bytes:
    orders: Encoded = {}
    for key, order in state.orders.items():
        known = encoded.get(key)
        if known is None or known[0] is not order:
            known = order, to_json(encode(order, f"$.orders.{key}")).rstrip()
            check_order(key, order)
        orders[key] = known
    encoded.clear()
    encoded.update(orders)
    rest = to_json({"schema": SCHEMA, **encode(replace(state, orders={}))}).rstrip()
    check_state(state)
    listed = BETWEEN_ORDERS.join(b'"%d":%s' % (key, text) for key, (_, text) in orders.items())
    return rest.removesuffix(b"}") + BEFORE_ORDERS + listed + BEHIND_ORDERS


def _texts_of_orders(data: bytes) -> dict[int, bytes]:
    """Return the JSON of each order in a file that korsync wrote; nothing where its lines are not korsync's."""
    _, begin, listed = data.partition(BEFORE_ORDERS)
    if not begin or not listed.endswith(BEHIND_ORDERS):
        return {}
    parts = (each.partition(b":") for each in listed.removesuffix(BEHIND_ORDERS).split(BETWEEN_ORDERS))
    return {int(key.strip(b'"')): text for key, _, text in parts if re.fullmatch(rb'"[0-9]{1,19}"', key)}


def _read(path: Path, data: bytes) -> State:
    content = from_json(data)
    schema = content.get("schema") if isinstance(content, dict) else None
    if type(schema) is int and schema > SCHEMA:
        raise StateError(
            f"the state file {path} was written by a newer korsync: schema {schema}, this one knows {SCHEMA}",
            "run the korsync that wrote it, or a newer one",
        )
    if type(schema) is not int or schema != SCHEMA:
        raise ValueError(f"$.schema: must be {SCHEMA}")
    state = decode(State, {name: each for name, each in content.items() if name != "schema"})
    for key, order in state.orders.items():
        check_order(key, order)
    check_state(state)
    return state
