"""Show what something rests on, the same way everywhere: each item with its date, agency, grade and handling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from app import answers, charts, kinds, names, peers, state, tables, words
from app.data import Loaded
from app.names import label_of
from app.text import markup, plain, short

MOST_CARDS = 25
"""Items shown as cards; the table under them holds all."""

SOURCE_WORDS = {
    "intelligence": "intelligence report",
    "social_care": "social care record",
    "return_interview": "return interview",
    "school": "school record",
    "health": "health record",
    "community": "community information",
    "police_record": "police record",
}
COLUMNS = {
    "who": "Who",
    "date_from": "From",
    "date_to": "To",
    "how": "What kind",
    "what": "What it says",
    "agency": "Agency",
    "source": "Source",
    "source_id": "Report",
    "recorded_on": "Recorded",
    "grade": "Grade",
    "grade_words": "Grade in words",
    "handling_words": "Handling",
    "nature": "Nature",
    "table": "Table",
    "row": "Row",
    "other_row": "Other row",
    "text": "Text",
}
TIE_WORDS = {
    "linked": "Linked to this person",
    "used": "Used it",
    "seen": "Seen there",
    "took_part": "Took part",
    "found": "Found there after going missing",
    "missing_from": "Missing from there",
    "placed": "Placed there",
}


def worded(items: pd.DataFrame) -> pd.DataFrame:
    """Return evidence items with their codes put into words, newest first.

    Parameters
    ----------
    items
        from `analysis.link_items`, `group_items` or `contact_items`; columns
        that one of them lacks are filled with nothing.
    """
    out = items.reset_index(drop=True)
    for name in ("nature", "other_table", "other_row", "what", "place", "who"):
        if name not in out:
            out[name] = None
    how = [
        _how(row.get("kind"), row.get("tie"))
        for row in out[[name for name in ("kind", "tie") if name in out]].to_dict("records")
    ]
    return out.assign(
        how=how,
        source=[
            SOURCE_WORDS.get(plain(kind), words.code(kind)) or "no source named"
            for kind in out["source_kind"]
        ],
        grade_words=[kinds.grade_words(grade) for grade in out["grade"]],
        handling_words=[kinds.handling_words(handling) for handling in out["handling"]],
        nature=[words.nature(nature) for nature in out["nature"]],
    )


def _how(kind: object, tie: object) -> str:
    if plain(tie):
        return TIE_WORDS.get(plain(tie), words.code(tie).capitalize())
    said = words.kinds_of_link(kind)
    return (
        said.capitalize() if plain(kind) in ("event", "presence", "thing", "missing") else f"Stated: {said}"
    )


def certainty(items: pd.DataFrame) -> str:
    """Return in words how sure what these items show is."""
    sources = items["source_id"].dropna().map(plain).replace("", pd.NA).dropna().nunique()
    agencies = items["agency"].dropna().map(plain).replace("", pd.NA).dropna().nunique()
    return words.certainty(int(sources), int(agencies), distinct(items))


def distinct(items: pd.DataFrame) -> int:
    """Return how many items these rows are: an item of two sources has two rows."""
    parts = [
        name for name in ("person_a", "person_b", "person_id", "table", "row", "other_row") if name in items
    ]
    return len(items[parts].drop_duplicates())


def stronger(items: pd.DataFrame) -> str:
    """Return one sentence on what would make this firmer."""
    if items.empty:
        return "Nothing on record: any dated report with its source would be a start."
    sources = items["source_id"].dropna().nunique()
    letters = items["grade"].dropna().map(lambda grade: plain(grade)[-1:])
    agencies = items["agency"].dropna().nunique()
    if sources <= 1:
        return "A second report from another source would make it firmer."
    if agencies <= 1:
        return "All of it comes from one agency: ask another whether they see the same."
    if len(letters) and not letters.isin(["A", "B"]).any():
        return "Nothing is graded A or B: ask whether anyone saw it themselves."
    if "kind" in items and not items["kind"].isin(peers.STATED).any():
        return "Nobody has stated how they know each other: a worker who knows them could say."
    return "It rests on several sources and agencies. Check that it is still so."


def contradictions(items: pd.DataFrame) -> str:
    """Return a sentence where items disagree on the nature of a link, else ""."""
    natures = {plain(nature) for nature in items["nature"].dropna()} if "nature" in items else set()
    if "mixed" in natures or {"protective", "harmful"} <= natures:
        return (
            "Statements contradict each other: some call this protective, others harmful. Both stand below."
        )
    return ""


def card(item: Mapping[str, object]) -> str:
    """Return one item as HTML, its text escaped and folded when long."""
    sourced = bool(plain(item["source_id"]))
    facts = " · ".join(
        part
        for part in (
            (markup(words.code(item["agency"])) or "agency not recorded")
            if sourced
            else "no source named, so not graded",
            markup(item["source"]) if sourced else "",
            f"nature: {markup(item['nature'])}" if plain(item["nature"]) not in ("", "unknown") else "",
            markup(f"handling {plain(item['handling'])}: {item['handling_words']}")
            if plain(item["handling"])
            else "",
        )
        if part
    )
    grade = (
        f'<div><span class="cm-badge" title="{markup(item["grade_words"])}">{markup(kinds.grade_sign(item["grade"]))}</span> '
        f'<span class="cm-quiet">{markup(item["grade_words"])}</span></div>'
        if sourced
        else ""
    )
    who = f" · {markup(item['who'])}" if plain(item["who"]) else ""
    what = " · ".join(
        part
        for part in (
            markup(item["what"], limit=240),
            markup(item["place"], limit=80) if plain(item["place"]) != plain(item["what"]) else "",
        )
        if part
    )
    place = markup(
        f"{plain(item['table'])} row {plain(item['row'])}"
        + (
            f" and {plain(item['other_table']) or plain(item['table'])} row {plain(item['other_row'])}"
            if plain(item["other_row"])
            else ""
        )
    )
    return (
        f'<div class="cm-card"><div><b>{words.span(item["date_from"], item["date_to"])}</b> · {markup(item["how"])}{who}</div>'
        f"{f'<div>{what}</div>' if what else ''}{grade}"
        f'<div class="cm-quiet">{facts}</div>{_folded(item["text"])}<div class="cm-quiet cm-small">{place}</div></div>'
    )


def _folded(text: object) -> str:
    whole = plain(text)
    if not whole:
        return ""
    if len(whole) <= 220:
        return f'<div class="cm-quote">{markup(whole)}</div>'
    return f'<details class="cm-quote"><summary>{markup(short(whole, limit=200))} <u>all of it</u></summary>{markup(whole)}</details>'


def panel(items: pd.DataFrame, *, key: str, title: str, why: str, certain: bool = True) -> None:
    """Show what is selected, why it is there, and what would make it firmer.

    Parameters
    ----------
    items
        the evidence items (see `worded`), names in them already masked where need be.
    title, why
        what is selected, and one sentence on why it is there; both are shown as text.
    """
    shown = worded(items)
    st.html(f'<h2 class="cm-panel-title">{markup(title, limit=140)}</h2><p>{markup(why, limit=400)}</p>')
    contradicted = contradictions(items)
    if certain:
        st.html(f"<p><b>{markup(certainty(items)).capitalize()}.</b> {markup(stronger(items))}</p>")
    if contradicted:
        st.html(f'<p class="cm-note">{contradicted}</p>')
    with st.container(height=430 if len(shown) > 3 else "content", border=False, key=f"cards_{key}"):
        cards = "".join(card(item) for item in shown.head(MOST_CARDS).to_dict("records"))
        # One stop of the tab key, so that the arrow keys scroll the cards.
        st.html(
            f'<div tabindex="0" role="group" aria-label="Items of evidence">{cards}</div>'
            if cards
            else '<p class="cm-quiet">There are no items.</p>'
        )
    if len(shown) > MOST_CARDS:
        st.html(
            f'<p class="cm-quiet">The newest {MOST_CARDS} of {words.number(len(shown))} items are shown here; the table holds all.</p>'
        )
    with st.expander(f"The same {words.count(len(shown), 'item')} as a table", key=f"fold_{key}"):
        tables.show(
            shown,
            key=f"evidence_{key}",
            title="Evidence",
            columns={name: said for name, said in COLUMNS.items() if shown[name].notna().any()},
        )


def link(loaded: Loaded, row: pd.Series, *, key: str, chance: str = "") -> None:
    """Show what one link rests on.

    Parameters
    ----------
    row
        one row of `answers.links`.
    chance
        whether being at the same places is more than chance, where that was worked out.
    """
    label = answers.labels(loaded, state.names_shown())
    pair = [row["person_a"], row["person_b"]]
    items = masked(loaded, answers.link_items(loaded, *pair), pair)
    title = f"{label_of(pair[0], label)} and {label_of(pair[1], label)}"
    why = f"Linked: {words.kinds_of_link(row['kinds'])}. {words.count(int(row['items']), 'item').capitalize()}, {words.span(row['first_seen'], row['last_seen'])}."
    if chance:
        why += f" They are linked only by being at the same places: {chance}."
    panel(items, key=key, title=title, why=why)


def masked(loaded: Loaded, items: pd.DataFrame, people: Sequence[str]) -> pd.DataFrame:
    """Return items whose text has the names of these people cut to initials, unless names are shown."""
    if state.names_shown() or items.empty:
        return items
    known = answers.full_names(loaded).reindex(list(people)).dropna(how="all")
    pairs = list(known.itertuples(index=False, name=None))
    return items.assign(
        **{
            column: [names.masked(plain(text), pairs) for text in items[column]]
            for column in ("what", "text")
            if column in items
        }
    )


def group(loaded: Loaded, group_id: str, called: str, *, key: str) -> None:
    """Show what the links inside a group rest on."""
    label = answers.labels(loaded, state.names_shown())
    items = answers.group_items(loaded, group_id)
    pairs = zip(items["person_a"], items["person_b"], strict=True)
    items = items.assign(who=[f"{label_of(a, label)} and {label_of(b, label)}" for a, b in pairs])
    inside = sorted({*items["person_a"], *items["person_b"]})
    why = "Every record that links two of its members, the newest first."
    panel(masked(loaded, items, inside), key=key, title=f"What {called} rests on", why=why)


def group_certainty(items: pd.DataFrame) -> str:
    """Return one sentence on what a group rests on."""
    sources = items["source_id"].dropna().nunique()
    agencies = items["agency"].dropna().nunique()
    return f"Rests on {words.count(distinct(items), 'item')} from {words.count(int(sources), 'source')} and {words.count(int(agencies), 'agency', 'agencies')}."


def timeline(items: pd.DataFrame, *, key: str) -> None:
    """Show how many items there are a month, by how they are known, and the same as a table."""
    dated = items.assign(
        date=items["date_to"],
        kind=[
            _how(kind, None).removeprefix("Stated: ").capitalize()
            if plain(kind) in ("event", "presence", "thing", "missing")
            else "Stated"
            for kind in items["kind"]
        ],
    )
    dated = dated.drop_duplicates(["person_a", "person_b", "table", "row", "other_row"])
    monthly = charts.timeline(dated)
    if monthly.empty:
        st.html('<p class="cm-quiet">No item has a date.</p>')
        return
    st.bar_chart(
        monthly,
        x="month",
        y="items",
        color="kind",
        x_label="",
        y_label="Items of evidence",
        height=230,
        stack=True,
    )
    wide = (
        monthly.pivot_table(index="month", columns="kind", values="items", aggfunc="sum")
        .reset_index()
        .sort_values("month", ascending=False)
    )
    wide = wide[wide.drop(columns="month").sum(axis=1) > 0]
    tables.show(
        wide,
        key=f"timeline_{key}",
        title="Items by month",
        columns={str(name): "Month" if name == "month" else str(name) for name in wide.columns},
        height=180,
    )


def contact(
    loaded: Loaded, row: pd.Series, children: Sequence[str], *, key: str, sure: pd.Series | None = None
) -> None:
    """Show what ties children to one shared contact.

    Parameters
    ----------
    sure
        one row of `answers.sure_contacts`, where that was worked out.
    """
    label = answers.labels(loaded, state.names_shown())
    items = answers.contact_items(loaded, row["contact_type"], row["contact_id"])
    items = items.assign(who=[label_of(person, label) for person in items["person_id"]])
    people = [*children, *([row["contact_id"]] if row["contact_type"] == "person" else [])]
    apart = (
        "Nothing else links any two of them."
        if row["not_otherwise_linked"]
        else "Some of them are linked in other ways too."
    )
    why = (
        f"{kinds.KINDS[row['kind']].label.capitalize()}. {words.count(len(children), 'child', 'children').capitalize()} in {words.count(int(row['groups']), 'group')}"
        f"{_reach(row)}. {apart}"
    )
    if sure is not None:
        said = [sure["chance"], sure["rests"]]
        why += "".join(f" {part[:1].upper()}{part[1:]}." for part in said if part)
    panel(masked(loaded, items, people), key=key, title=str(row["called"]), why=why)


def _reach(row: pd.Series) -> str:
    parts = [
        words.count(int(row[name]), one, many)
        for name, one, many in (("wards", "ward", "wards"), ("authorities", "authority", "authorities"))
        if pd.notna(row[name]) and row[name]
    ]
    return f", {words.listing(parts)}" if parts else ""


def edge(loaded: Loaded, row: pd.Series, *, key: str) -> None:
    """Show what one edge of a peer map rests on, be it a link or a tie to a place or thing."""
    if str(row["id"]).startswith("link:"):
        link(loaded, row, key=key)
        return
    label = answers.labels(loaded, state.names_shown())
    items = answers.tie_items(
        loaded, row["person_id"], row["contact_type"], row["contact_id"], state.grades()
    )
    called = {"location": answers.place_names(loaded), "thing": answers.thing_names(loaded)}[
        row["contact_type"]
    ]
    title = f"{label_of(row['person_id'], label)} and {called.get(row['contact_id'], row['contact_id'])}"
    panel(
        masked(loaded, items, [row["person_id"]]), key=key, title=title, why=f"On record: {words.how(row)}."
    )


def surroundings(rows: pd.DataFrame, label: pd.Series, child: str) -> None:
    """Show who protects, who is of concern, and where a child is, before a link is chosen."""
    st.html(
        f'<h2 class="cm-panel-title">{markup(label_of(child, label))}</h2><p class="cm-quiet">Choose a line in the picture or a row of the table to see what it rests on.</p>'
    )
    named = [
        (
            "Recorded as protective",
            rows[(rows["nature"] == "protective") | (rows["kind"] == "protective_adult")],
        ),
        ("Adults of concern", rows[rows["kind"] == "adult_of_concern"]),
        ("Places", rows[rows["other"].astype(str).str.startswith("location:")]),
        ("Phones, vehicles and accounts", rows[rows["other"].astype(str).str.startswith("thing:")]),
    ]
    for heading, found in named:
        listed = "".join(
            f'<div class="cm-row">{kinds.symbol(kinds.KINDS[row["kind"]], 18)} {markup(words.who(row, label), limit=80)}<div class="cm-quiet">{markup(row["how"])}, {words.span(row["first_seen"], row["last_seen"])}</div></div>'
            for row in found.head(6).to_dict("records")
        )
        more = (
            f'<p class="cm-quiet">and {words.number(len(found) - 6)} more in the table</p>'
            if len(found) > 6
            else ""
        )
        st.html(
            f'<h3 class="cm-table-title">{heading} ({len(found)})</h3>{listed or "<p class=cm-quiet>None on record.</p>"}{more}'
        )
