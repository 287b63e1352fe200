"""Show what a social worker leaves with: the peer map as a page, a picture, and a page that opens anywhere."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app import frame, log, network, state
from app.data import Loaded
from app.documents import peer_map as documents


def take_away(loaded: Loaded, drawn: documents.Drawn) -> None:
    """Show what the user leaves with: one page as Word and PDF, the picture, and a page that opens anywhere."""
    # What is written when the button is pressed is written without the session.
    shown, role, why = state.names_shown(), state.role(), state.reason()

    def logged(build: Callable[[], bytes | str]) -> Callable[[], bytes | str]:
        def built() -> bytes | str:
            if shown:
                log.append(
                    "peer map with full names saved",
                    role=role,
                    reason=why,
                    case=loaded.question.name,
                    what=drawn.child,
                )
            return build()

        return built

    frame.heading("Take it with you" + (", with full names" if shown else ", with initials"))
    with st.container(horizontal=True, vertical_alignment="center", key="peer_take"):
        for name, ending, mime, icon, build in (
            ("One page, Word", "docx", _DOCX, "description", lambda: _docx(drawn)),
            ("One page, PDF", "pdf", "application/pdf", "picture_as_pdf", lambda: _pdf(drawn)),
            ("Picture, SVG", "svg", "image/svg+xml", "image", lambda: documents.svg(drawn)),
        ):
            st.download_button(
                name,
                data=logged(build),
                file_name=f"peer_map.{ending}",
                mime=mime,
                key=f"peer_take_{ending}",
                icon=f":material/{icon}:",
                on_click="ignore",
                help="Marked OFFICIAL-SENSITIVE",
            )
        network.send_on(loaded, drawn.nodes, drawn.edges, title=f"Peer map of {drawn.child}", key="peer_map")


_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def _docx(drawn: documents.Drawn) -> bytes:
    from app.documents.word import to_docx

    return to_docx(documents.paper(drawn))


def _pdf(drawn: documents.Drawn) -> bytes:
    from app.documents.portable import to_pdf

    return to_pdf(documents.paper(drawn))
