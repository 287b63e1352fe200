"""Write a document as one stand-alone web page that prints with its marking on every page."""

from __future__ import annotations

import base64
import html

from app.documents.paper import (
    DRAFT,
    Break,
    Bullets,
    Grid,
    Heading,
    Paper,
    Part,
    Picture,
    Text,
    lines,
    one_line,
    shares,
)

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""The page may use its own style and its own pictures and ask nobody for anything."""

_STYLE = """
:root { color-scheme: light; }
body { margin: 0; background: #eef0f2; color: #1a1a1a; font: 16px/1.5 Arial, "Helvetica Neue", sans-serif; }
main { max-width: 17cm; margin: 1.5rem auto; padding: 2cm; background: #fff; box-shadow: 0 1px 4px #0003; }
.marking { position: sticky; z-index: 1; padding: .25rem; background: #fff; border: solid #1a1a1a; border-width: 0 0 1px; font-weight: bold; text-align: center; letter-spacing: .05em; }
.marking.top { top: 0; } .marking.bottom { bottom: 0; border-width: 1px 0 0; }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; } h2 { margin: 2rem 0 .5rem; font-size: 1.35rem; } h3 { margin: 1.4rem 0 .4rem; font-size: 1.1rem; } h4 { margin: 1rem 0 .3rem; font-size: 1rem; }
p { margin: .5rem 0; overflow-wrap: anywhere; } li { overflow-wrap: anywhere; }
.subtitle { margin: .4rem 0 1.5rem; font-size: 1.1rem; color: #444; } .quiet { color: #555; font-size: .85rem; }
.draft { margin: .5rem 0; padding: .4rem .8rem; border-left: 4px solid #b45f06; background: #fff4ce; }
table { width: 100%; margin: 1rem 0; border-collapse: collapse; table-layout: fixed; font-size: .82rem; line-height: 1.35; }
caption, figcaption { padding: .3rem 0; font-size: .88rem; font-weight: bold; text-align: left; }
th, td { padding: .3rem .4rem; border: 1px solid #9aa3ab; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { background: #e8edf2; } figure { margin: 1rem 0; } img { max-width: 100%; height: auto; }
.break { break-after: page; }
@media screen and (max-width: 21cm) { main { max-width: none; margin: 0; padding: 1.2rem 1.6rem; box-shadow: none; } }
@page { size: A4; margin: 2cm; @top-center { content: "MARKING"; font: bold 10pt Arial, sans-serif; } @bottom-center { content: "MARKING"; font: bold 10pt Arial, sans-serif; } @bottom-right { content: "Page " counter(page) " of " counter(pages); font: 8pt Arial, sans-serif; } }
@media print {
  body { background: none; font-size: 10.5pt; } main { max-width: none; margin: 0; padding: 0; box-shadow: none; } .marking { display: none; }
  thead { display: table-header-group; } tr, figure { break-inside: avoid; } h2, h3, h4, caption { break-after: avoid; } .draft { break-inside: avoid; }
  .draft, th { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""


def to_html(paper: Paper) -> str:
    """Return the document as a web page that asks no other host for anything.

    All text is escaped, pictures are inside the page, and a policy in its head forbids the rest. Printed from
    a browser that knows the margins of pages (Chrome and Edge do since 2024), each page carries the marking
    top and bottom and its number; for any other, print the PDF.
    """
    title = _escaped(paper.title)
    subtitle = f'<p class="subtitle">{_escaped(paper.subtitle)}</p>' if paper.subtitle else ""
    body = "\n".join(
        _part(part, before) for part, before in zip(paper.parts, [None, *paper.parts], strict=False)
    )
    return (
        f'<!doctype html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title} ({paper.marking})</title>\n<style>{_STYLE.replace('MARKING', paper.marking)}</style>\n</head>\n<body>\n"
        f'<header class="marking top">{paper.marking}</header>\n<main>\n'
        f"<article>\n<h1>{title}</h1>\n{subtitle}\n{body}\n</article>\n</main>\n"
        f'<footer class="marking bottom">{paper.marking}</footer>\n</body>\n</html>\n'
    )


def _part(part: Part, before: Part | None) -> str:
    if isinstance(part, Heading):
        # The title of the document is the page's h1.
        return f"<h{part.level + 1}>{_escaped(part.text)}</h{part.level + 1}>"
    if isinstance(part, Text):
        return _text(part, before)
    if isinstance(part, Bullets):
        return "<ul>" + "".join(f"<li>{_escaped(item)}</li>" for item in part.items) + "</ul>"
    if isinstance(part, Grid):
        return _grid(part)
    if isinstance(part, Picture):
        return _picture(part)
    assert isinstance(part, Break)
    return '<div class="break"></div>'


def _text(part: Text, before: Part | None) -> str:
    kind = f' class="{part.kind}"' if part.kind != "plain" else ""
    paragraphs = [f"<p{kind}>{html.escape(line)}</p>" for line in lines(part.text)]
    if part.kind == "draft" and not (isinstance(before, Text) and before.kind == "draft"):
        paragraphs.insert(0, f'<p class="draft"><strong>{DRAFT}</strong></p>')
    return "\n".join(paragraphs)


def _grid(grid: Grid) -> str:
    caption = f"<caption>{_escaped(grid.caption)}</caption>" if grid.caption else ""
    widths = "".join(f'<col style="width:{100 * share:.2f}%">' for share in shares(grid))
    head = "".join(f'<th scope="col">{_escaped(column)}</th>' for column in grid.columns)
    rows = "\n".join(
        "<tr>" + "".join(f"<td>{_escaped(cell)}</td>" for cell in row) + "</tr>" for row in grid.rows
    )
    return f"<table>{caption}<colgroup>{widths}</colgroup><thead><tr>{head}</tr></thead><tbody>\n{rows}\n</tbody></table>"


def _picture(picture: Picture) -> str:
    source = "data:image/png;base64," + base64.b64encode(picture.png).decode("ascii")
    caption = f"<figcaption>{_escaped(picture.caption)}</figcaption>" if picture.caption else ""
    return f'<figure><img src="{source}" alt="{_escaped(picture.alt)}" style="width:{picture.width_cm:.1f}cm">{caption}</figure>'


def _escaped(text: object) -> str:
    return html.escape(one_line(text))
