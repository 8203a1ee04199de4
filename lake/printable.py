"""Text of a file or a source, made safe for a terminal."""


def printable(text: str) -> str:
    r"""The text with every character that does not print as its escape, such as \x1b or \u202e.

    A control character can move the cursor, set the window's title or write to the clipboard. A bidirectional mark can
    show a text in another order than it has.
    """
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def printable_lines(text: str) -> str:
    """The same for a text of several lines, which stay lines."""
    return "\n".join(printable(line) for line in text.split("\n"))
