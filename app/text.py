"""Make text from a case safe to put into a page: HTML, Markdown and plain labels."""

from __future__ import annotations

import html as _html
import re

from mapping.text import one_line, shortened

LONG = 160
"""Characters after which a text is cut on screen (the full text is one click away)."""

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|$:~^&=\"'])")


def plain(value: object) -> str:
    """Return the value as one line of text in which nothing hides itself; nothing recorded is ""."""
    return one_line(value)


def short(value: object, *, limit: int = LONG) -> str:
    """Return the plain text, cut to `limit` characters with an ellipsis."""
    return shortened(one_line(value), limit)


def markup(value: object, *, limit: int | None = None) -> str:
    """Return the text escaped for HTML, so that markup in it is shown and not obeyed."""
    return _html.escape(plain(value) if limit is None else short(value, limit=limit), quote=True)


def markdown(value: object, *, limit: int = LONG) -> str:
    """Return the text escaped for Markdown: no link, picture, formula or emphasis comes of it."""
    return _MARKDOWN.sub(r"\\\1", short(value, limit=limit))
