"""Offer a document as Word, PDF and web page."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app import log, state
from app.documents.files import document_bytes
from app.documents.paper import Paper

KINDS = {
    ".docx": ("Word", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ".pdf": ("PDF", "application/pdf"),
    ".html": ("Web page", "text/html"),
}
"""Endings of files to what a button says and the type of the file."""


def document(paper: Callable[[], Paper], *, name: str, key: str, case: str, named: bool = False) -> None:
    """Show a button for each form of a document; it is written when the button is pressed.

    Pressing one does not draw the page anew: while it is drawn, Streamlit forgets what the other buttons would
    write, and one pressed in that moment would give nothing.

    Parameters
    ----------
    paper : draws the document up.
    name, key : what the file is called, and what the keys of the buttons begin with.
    case : what the case is called, for the log.
    named : whether the document has full names of people; then the log keeps that it was saved.
    """
    role, why = state.role(), state.reason()

    def written(ending: str) -> bytes:
        if named:
            log.append("document with full names saved", role=role, reason=why, case=case, what=name)
        return document_bytes(paper(), ending)

    with st.container(horizontal=True):
        for ending, (label, kind) in KINDS.items():
            st.download_button(
                label,
                data=lambda ending=ending: written(ending),
                file_name=f"{name}{ending}",
                mime=kind,
                key=f"{key}{ending}",
                icon=":material/download:",
                on_click="ignore",
            )
