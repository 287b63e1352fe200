"""Show a table that can be read, chosen from and downloaded, whatever its text."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from app import frame as page
from app import state, words
from app.text import markup, plain, short
from mapping.text import write_csv

MOST_ROWS = 1000
"""Rows shown at once; the download holds them all."""
CHOOSE = "Choose a row by its box, or with the arrow keys and then Shift and Space."
NARROW, WIDE, PIXELS = 26, 60, 6.5
"""Letters up to which, and beyond which, the browser chooses how wide a column of text is; and pixels of a letter."""


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """Return the table as CSV that a spreadsheet opens without running anything."""
    buffer = io.BytesIO()
    write_csv(frame, buffer)
    return buffer.getvalue()


def on_screen(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with its text made plain and short; numbers and dates stay what they are."""
    out = frame.copy()
    for position, kind in enumerate(out.dtypes):
        if pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_datetime64_any_dtype(kind):
            continue
        out.isetitem(
            position,
            out.iloc[:, position].map(lambda value: value if isinstance(value, bool) else short(value)),
        )
    return out


def show(
    frame: pd.DataFrame,
    *,
    key: str,
    title: str,
    columns: Mapping[str, str],
    what: str | None = None,
    ids: Sequence[Any] | None = None,
    empty: str = "There is nothing to list.",
    height: int | None = None,
    on_choose: Callable[[Any], None] | None = None,
    beside: str = "",
) -> None:
    """Show a table with its download; where `what` is given, choosing a row chooses that thing.

    Parameters
    ----------
    frame
        the rows, in the order they are to be read.
    key
        a name for the table on its page, and for the downloaded file.
    title
        what the rows are, said before the table.
    columns
        column of the frame to its heading; other columns are left out.
    what, ids
        the session's name for what a row is ("group", ...) and each row's id.
    beside
        what of the chosen row is shown beside the picture above: it is said below the table, with a way there.
    """
    shown = frame[list(columns)].rename(columns=dict(columns))
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        hint = (
            "" if what is None or ids is None or shown.empty else f'<p class="cm-quiet cm-small">{CHOOSE}</p>'
        )
        st.html(f'<h2 class="cm-table-title">{markup(title)}</h2>{hint}')
        st.download_button(
            f"CSV, {words.count(len(frame), 'row')}",
            data=lambda: csv_bytes(shown),
            file_name=f"{key}.csv",
            mime="text/csv",
            key=f"download_{key}",
            icon=":material/download:",
            help="Download these rows as a CSV file",
            type="tertiary",
            on_click="ignore",
            disabled=shown.empty,
        )
    if shown.empty:
        st.html(f'<p class="cm-quiet">{markup(empty)}</p>')
        return
    if len(shown) > MOST_ROWS:
        st.html(
            f'<p class="cm-quiet">The first {words.number(MOST_ROWS)} of {words.number(len(shown))} rows are shown; the download holds them all.</p>'
        )
    _grid(
        on_screen(shown.head(MOST_ROWS)),
        key=key,
        title=title,
        what=what,
        ids=ids,
        height=height,
        on_choose=on_choose,
    )
    if beside and what is not None:
        page.way_to_panel(beside if state.chosen(what) in (ids or ()) else "")


def download(build: Callable[[Any], pd.DataFrame], given: Any, *, key: str, title: str) -> None:
    """Offer a table that is not shown; it is worked out when somebody asks for it.

    Parameters
    ----------
    build, given
        what makes the table, of what.
    key
        a name for the button on its page, and for the downloaded file.
    """
    st.download_button(
        f"{title} as CSV",
        data=lambda: csv_bytes(build(given)),
        file_name=f"{key}.csv",
        mime="text/csv",
        key=f"download_{key}",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
    )


def for_publication(
    build: Callable[[Any], pd.DataFrame], given: Any, *, key: str, title: str, why: str = ""
) -> None:
    """Offer a table for a wider audience, small counts hidden, and say that the others stay inside; see `download`.

    Parameters
    ----------
    why
        what else a reader of the file should know, in a sentence.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(
            '<p class="cm-quiet"><b>For publication:</b> counts of 1 to 5, and others that would give them away, are shown as c. '
            f"The tables above hold every count: keep them inside the hub. {markup(why)}</p>"
        )
        download(build, given, key=key, title=title)


def _grid(
    shown: pd.DataFrame,
    *,
    key: str,
    title: str,
    what: str | None,
    ids: Sequence[Any] | None,
    height: int | None,
    on_choose: Callable[[Any], None] | None,
) -> None:
    common: dict[str, Any] = {
        "hide_index": True,
        "column_config": {name: _column(shown[name]) for name in shown.columns},
        "height": height or min(36 * (len(shown) + 1) + 2, 380),
        "row_height": 36,
        "placeholder": "",
        "alt": plain(title),
    }
    if what is None or ids is None:
        st.dataframe(shown, key=f"table_{key}", **common)
        return
    listed = list(ids)[: len(shown)]
    chosen = state.chosen(what)
    default = {"selection": {"rows": [listed.index(chosen)]}} if chosen in listed else None

    def read(value: Any) -> Any:
        rows = value["selection"]["rows"] if value else []
        return listed[rows[0]] if rows and rows[0] < len(listed) else None

    widget = f"table_{key}"
    choose = state.from_widget(what, widget, read)

    def chose() -> None:
        choose()
        if on_choose is not None:
            on_choose(state.chosen(what))

    st.dataframe(
        shown,
        key=state.widget_key(what, widget),
        on_select=chose,
        selection_mode="single-row",
        selection_default=default,
        **common,
    )


def _column(values: pd.Series) -> Any:
    if pd.api.types.is_datetime64_any_dtype(values):
        dated = values.dropna()
        whole_days = bool((dated == dated.dt.normalize()).all())
        return st.column_config.DatetimeColumn(format="D MMM YYYY" if whole_days else "D MMM YYYY, HH:mm")
    if pd.api.types.is_float_dtype(values):
        return st.column_config.NumberColumn(format=f"%.{_decimals(values)}f")
    lengths = values.head(200).map(lambda value: len(plain(value)))
    longest = int(lengths.max()) if len(values) else 0
    if longest > WIDE or longest <= NARROW:
        return st.column_config.Column(width="large" if longest > WIDE else None)
    # A few long ones among short ones are cut off where the browser chooses the width.
    return st.column_config.Column(width=round(PIXELS * longest) + 18)


def _decimals(values: pd.Series) -> int:
    """Return how many decimals a column of numbers has, two at most, so that none is shown that was not worked out."""
    known = values.dropna()
    return next((number for number in (0, 1) if (known == known.round(number)).all()), 2)
