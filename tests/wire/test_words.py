"""What is passed on of a side's own words."""

import json
import re
from urllib.parse import quote, quote_plus

import pytest

from korsync.wire.outcomes import reply_from
from korsync.wire.words import complaint, in_one_line


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ({"code": "NUMBER_ALREADY_IN_USE", "message": "is in use"}, "NUMBER_ALREADY_IN_USE: is in use"),
        ({"errors": "Not Found"}, "Not Found"),
        ({"errors": ["one", "two"]}, "one; two"),
        ({"errors": {"title": ["can't be blank", "is odd"]}}, "title: can't be blank; title: is odd"),
        ({"errors": {"base": ["no"], "product": "Required parameter"}}, "no; product: Required parameter"),
        ({"order": {"id": 1}, "error": "Cannot cancel"}, "Cannot cancel"),
        ({"error": "invalid_request", "error_description": "unknown app"}, "invalid_request; unknown app"),
        ({"errors": None}, ""),
        ({"errors": 7}, ""),
        ([], ""),
        (None, ""),
        ("<html>", ""),
    ],
)
def test_an_error_body_of_any_shape_becomes_one_line(body: object, line: str) -> None:
    assert complaint(body) == line


def test_a_complaint_without_end_is_cut() -> None:
    assert len(reply_from(400, {}, json.dumps({"errors": "x" * 10_000}).encode()).words) < 320


def test_a_secret_goes_whole_before_anything_is_cut_off() -> None:
    for start in range(290, 302):
        said = in_one_line("x" * start + "canary-of-a-secret" + "\nand more" * 30, ("canary-of-a-secret",))
        assert "canary" not in said
        assert "\n" not in said
        assert len(said) <= 301


@pytest.mark.parametrize("secret", ["a+/b&c=1 d", 'a"b\\c/d', "ä😀%25:@", "plain", "half \ud83d"])
def test_no_spelling_of_a_secret_is_told(secret: str) -> None:
    spelled = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    spelled |= {secret.replace("/", "\\/"), secret.replace("&", "\\u0026"), secret.replace("=", "\\u003D")}
    for safe in ("", "/"):
        spelled |= {each(secret, safe, "utf-8", "surrogatepass") for each in (quote, quote_plus)}
    spelled |= {re.sub("%..", lambda code: code[0].lower(), each) for each in spelled}
    for each in spelled:
        assert in_one_line(f"?id={each}&n=1", ("another", secret)) == "?id=***&n=1"


def test_a_complaint_that_is_nested_without_end_is_left_out() -> None:
    errors: object = "far down"
    for _ in range(900):
        errors = [errors]
    assert complaint({"errors": errors, "error": "near"}) == "near"
