"""Makes text of a file or a source safe for a terminal, a log line or an error message."""


def printable(text: str) -> str:
    r"""Return the text with every unprintable character replaced by its escape, such as \x1b or \u202e.

    A control character can move the cursor, set the window's title or write to the clipboard. A bidirectional mark can
    display a text in a different order.
    """
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def printable_lines(text: str) -> str:
    """Escape each line of a text as `printable` does; the line breaks stay."""
    return "\n".join(printable(line) for line in text.split("\n"))
