"""Show a table of counts whose cells can be chosen and that can be downloaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from app import state, tables, words
from app.text import markup, plain


def show(
    frame: pd.DataFrame,
    *,
    key: str,
    title: str,
    what: str,
    read: Callable[[tuple[int, str] | None], Any],
    name: str,
    height: int = 480,
) -> None:
    """Show a table of counts; choosing a cell chooses what `read` makes of its row and column.

    Parameters
    ----------
    frame
        the first column says what each row is.
    key
        tells this table from others that the page may show in its place.
    what
        the session's name for what a cell stands for.
    read
        row number and column heading (None where nothing is chosen) to what is chosen.
    name
        of the downloaded file.
    """
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        st.html(f'<h2 class="cm-table-title">{markup(title)}</h2>')
        st.download_button(
            f"CSV, {words.count(len(frame), 'row')}",
            data=lambda: tables.csv_bytes(frame),
            file_name=f"{name}.csv",
            mime="text/csv",
            key=f"download_{name}",
            icon=":material/download:",
            help="Download these rows as a CSV file",
            type="tertiary",
            on_click="ignore",
        )
    widget = f"grid_{key}"

    def chosen(value: Any) -> Any:
        cells = value["selection"]["cells"] if value else []
        return read((int(cells[0][0]), str(cells[0][1])) if cells else None)

    shown = tables.on_screen(frame)
    st.dataframe(
        shown,
        key=state.widget_key(what, widget),
        on_select=state.from_widget(what, widget, chosen),
        selection_mode="single-cell",
        hide_index=True,
        height=min(36 * (len(shown) + 1) + 2, height),
        row_height=36,
        placeholder="",
        alt=plain(title),
    )
