from __future__ import annotations

import pandas as pd

from app import network


def test_a_page_to_send_on_shows_hostile_names_as_text_and_asks_nobody() -> None:
    nodes = pd.DataFrame(
        {"id": ["person:a", "thing:t"], "kind": ["child", "phone"], "name": ["<img src=x onerror=alert(1)>", '=HYPERLINK("x")'], "x": [0.0, 90.0], "y": [0.0, 30.0]}
    )  # fmt: skip
    edges = pd.DataFrame(
        {
            "source": ["person:a"],
            "target": ["thing:t"],
            "basis": ["seen"],
            "said_kinds": ["used it"],
            "said_items": [2],
            "said_nature": ["unknown"],
        }
    )
    page = network.page_to_send(nodes, edges, title="Group 3FA9", as_of=None, half_life=180).decode()
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert page.count("OFFICIAL-SENSITIVE") >= 2
    for outside in ('src="http', "src='http", 'href="http', "cdn"):
        assert outside not in page
