"""Draw plain charts of figures: estimates with intervals, shares by decile, the concentration curve."""

from __future__ import annotations

import altair as alt
import pandas as pd

from app import kinds

DARK, ORANGE, BLUE, GREY, LINE = kinds.INK, kinds.ORANGE, kinds.BLUE, kinds.PALE_BORDER, kinds.LINE


@alt.theme.register("contextmap", enable=True)
def _dark_words() -> alt.theme.ThemeConfig:
    """Words in charts as dark as those around them."""
    return {"config": kinds.DARK_WORDS}


MOST = 4.0
"""Ratios beyond this are cut off in the picture; the table has them."""


def intervals(rows: pd.DataFrame, *, said: str, value_title: str) -> alt.LayerChart:
    """Draw one line a row with its estimate and interval, against a line at 1.

    Parameters
    ----------
    rows
        group, ratio, ratio_low, ratio_high and the column `said`, in the order they are drawn from the top.
    said
        the column whose text colours and shapes the marks; at most three texts.
    """
    names = {"group": "name", "ratio": "ratio", "ratio_low": "low", "ratio_high": "high", said: "said"}
    drawn = rows[list(names)].rename(columns=names).dropna(subset=["ratio"])
    # Two groups of one name stay two lines.
    again = drawn.groupby("name").cumcount()
    drawn = drawn.assign(
        name=drawn["name"].where(again == 0, drawn["name"] + " (" + (again + 1).astype(str) + ")")
    )
    reach = max(2.0, min(MOST, float(drawn["high"].max()) if len(drawn) else 2.0))
    drawn = drawn.assign(high=drawn["high"].clip(upper=reach), ratio=drawn["ratio"].clip(upper=reach))
    height = alt.Y("name:N", sort=drawn["name"].tolist(), title=None, axis=alt.Axis(labelLimit=340))
    scale = alt.Scale(domain=[0, reach], nice=False)
    words = ["fewer than expected", "more than expected"]
    others = [text for text in drawn["said"].unique() if text not in words]
    colour = alt.Color(
        "said:N",
        scale=alt.Scale(domain=[*words, *others], range=[ORANGE, BLUE, *[LINE] * len(others)]),
        legend=alt.Legend(title=None, orient="top", labelLimit=320, direction="vertical"),
    )
    shape = alt.Shape(
        "said:N",
        scale=alt.Scale(domain=[*words, *others], range=["triangle-left", "triangle-right", *["circle"] * len(others)]),
        legend=None,
    )  # fmt: skip
    base = alt.Chart(drawn)
    lines = base.mark_rule(strokeWidth=2).encode(
        y=height, x=alt.X("low:Q", scale=scale, title=value_title), x2="high:Q", color=colour
    )
    points = base.mark_point(size=90, filled=True, opacity=1).encode(
        y=height, x=alt.X("ratio:Q", scale=scale), color=colour, shape=shape
    )
    one = alt.Chart(pd.DataFrame({"x": [1.0]})).mark_rule(color=DARK, strokeDash=[4, 3]).encode(x="x:Q")
    return alt.layer(one, lines, points).properties(height=alt.Step(34 if len(drawn) < 12 else 22))


def deciles(table: pd.DataFrame, *, counted: str) -> alt.Chart:
    """Draw the share of children in each decile beside the share of all children who live there.

    Parameters
    ----------
    table
        share and population_share on the decile, 1 to 10.
    counted
        what the first share is of.
    """
    everyone = "All children aged 10 to 17"
    long = pd.concat(
        [
            pd.DataFrame({"decile": table.index, "of": counted, "share": table["share"].to_numpy(float)}),
            pd.DataFrame({"decile": table.index, "of": everyone, "share": table["population_share"].to_numpy(float)}),
        ]
    )  # fmt: skip
    return (
        alt.Chart(long.dropna())
        .mark_bar(stroke=DARK, strokeWidth=0.6)
        .encode(
            x=alt.X("decile:O", title="Decile of deprivation: 1 is the most deprived tenth of areas in England", axis=alt.Axis(labelAngle=0)),
            xOffset=alt.XOffset("of:N", sort=[counted, everyone]),
            y=alt.Y("share:Q", title="Share of children", axis=alt.Axis(format="%")),
            color=alt.Color(
                "of:N",
                scale=alt.Scale(domain=[counted, everyone], range=[BLUE, GREY]),
                legend=alt.Legend(title=None, orient="top", labelLimit=320),
            ),
        )
        .properties(height=300)
    )  # fmt: skip


def week(hours: pd.DataFrame) -> alt.LayerChart:
    """Draw the hours of the week as a grid, a row a day: darker where more is to be expected, with the number in it.

    Parameters
    ----------
    hours
        from `geo.hours.hours_of_week`.
    """
    drawn = hours.assign(
        clock=[f"{hour:02}" for hour in hours["hour"]],
        shown=hours["weight"].map(lambda weight: f"{weight:.0f}" if weight >= 0.5 else ""),
        said=hours["weight"].map("{:.1f}".format),
    )
    top = max(1.0, float(drawn["weight"].max()))
    bare = {"domain": False, "ticks": False}
    base = alt.Chart(drawn).encode(
        x=alt.X("clock:O", title="Hour of the day, from", axis=alt.Axis(labelAngle=0, **bare)),
        y=alt.Y("weekday:O", sort=list(dict.fromkeys(hours["weekday"])), title=None, axis=alt.Axis(**bare)),
        tooltip=[
            alt.Tooltip("weekday:N", title="Day"),
            alt.Tooltip("clock:N", title="From"),
            alt.Tooltip("said:N", title="How many"),
            alt.Tooltip("certain:Q", title="Known to lie in it"),
        ],
    )
    scale = alt.Scale(domain=[0, top], range=list(kinds.BLUES), interpolate="rgb")
    legend = alt.Legend(title="How many", orient="top", gradientLength=220)
    cells = base.mark_rect(stroke=kinds.WHITE, strokeWidth=1).encode(
        color=alt.Color("weight:Q", scale=scale, legend=legend)
    )
    numbers = base.mark_text(fontSize=11).encode(
        text="shown:N",
        color=alt.condition(alt.datum.weight > 0.55 * top, alt.value(kinds.WHITE), alt.value(DARK)),
    )
    return alt.layer(cells, numbers).properties(height=alt.Step(30))


def curve(points: pd.DataFrame) -> alt.LayerChart:
    """Draw the concentration curve against the diagonal, on which everywhere would have its share.

    Parameters
    ----------
    points
        population_share and count_share, from 0, 0 to 1, 1.
    """
    axis = alt.Axis(format="%")
    x = alt.X("population_share:Q", title="Share of all children, the most deprived wards first", axis=axis)
    y = alt.Y("count_share:Q", title="Share of what is counted", axis=axis)
    drawn = points.reset_index(names="step")
    ends = pd.DataFrame({"population_share": [0.0, 1.0], "count_share": [0.0, 1.0]})
    even = alt.Chart(ends).mark_line(color=LINE, strokeDash=[5, 4]).encode(x=x, y=y)
    line = alt.Chart(drawn).mark_line(color=BLUE, point=True).encode(x=x, y=y, order="step:Q")
    return alt.layer(even, line).properties(height=280)


def months(rows: pd.DataFrame, *, counted: str) -> alt.LayerChart:
    """Draw each month of a period as a bar, and the same month of the two years before as points on it.

    Parameters
    ----------
    rows
        month (2024-05), observed, year_before, two_years_before; what is not known is left out.
    counted
        what is counted, for the axis.
    """
    names = {"observed": "this period", "year_before": "year before", "two_years_before": "two years before"}
    drawn = rows[["month", *names]].rename(columns=names)
    drawn = drawn.assign(month=pd.PeriodIndex(drawn["month"], freq="M").strftime("%b %Y"))
    order = drawn["month"].tolist()
    long = drawn.melt("month", var_name="of", value_name="count").dropna()
    x = alt.X("month:N", sort=order, title=None, axis=alt.Axis(labelAngle=-40))
    y = alt.Y("count:Q", title=counted, scale=alt.Scale(zero=True))
    colour = alt.Color(
        "of:N",
        scale=alt.Scale(domain=[*names.values()], range=[BLUE, ORANGE, DARK]),
        legend=alt.Legend(title=None, orient="top"),
    )
    base = alt.Chart(long)
    bars = (
        base.transform_filter("datum.of == 'this period'")
        .mark_bar(opacity=0.75)
        .encode(x=x, y=y, color=colour)
    )
    points = (
        base.transform_filter("datum.of != 'this period'")
        .mark_point(size=70, filled=True, opacity=1)
        .encode(
            x=x,
            y=y,
            color=colour,
            shape=alt.Shape(
                "of:N",
                scale=alt.Scale(domain=[*names.values()], range=["square", "circle", "diamond"]),
                legend=None,
            ),
        )
    )
    return alt.layer(bars, points).properties(height=320)
