"""What stands round every page."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def page() -> None:
    from app import frame

    frame.said_once()


def test_what_was_done_is_said_calmly_and_a_refusal_as_an_alert_each_once() -> None:
    app = AppTest.from_function(page)
    app.session_state["said_once"] = "Saved as <b>Monday</b>."
    app.session_state["refused_once"] = "Give the week a name."
    app.run()
    said = [each.body for each in app.get("html")]
    assert said == [
        '<p class="cm-said" role="status">Saved as &lt;b&gt;Monday&lt;/b&gt;.</p>'
        '<p class="cm-note" role="alert">Give the week a name.</p>'
    ]
    app.run()
    assert [each.body for each in app.get("html")] == []
