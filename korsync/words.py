"""Text from outside, made safe to print: one line, nothing in it that a terminal would obey."""


def visible(foreign: str) -> str:
    """Return foreign text in one line, control and direction characters made visible."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in foreign)
