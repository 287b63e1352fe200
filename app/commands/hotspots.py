"""The command `hotspots`."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

from app.options import (
    AsOfOption,
    Case,
    Dates,
    DatesOption,
    GeographyOption,
    OutOption,
    PublishOption,
    Role,
    RoleOption,
    SeedOption,
    analysed,
    print_notes,
    usage,
)

MEASURES = [
    name + end
    for name in ("missing_episodes", "children_missing", "incidents", "referrals", "children_known")
    for end in ("", "_residents")
]
MeasureName = Enum("MeasureName", {name: name for name in MEASURES}, type=str)
By = Enum("By", {"ward": "ward", "lsoa": "lsoa"}, type=str)


def hotspots(
    case: Case,
    *,
    out: OutOption,
    by: Annotated[By, typer.Option(help="Areas to compare.")] = By.ward,
    measure: Annotated[
        MeasureName,
        typer.Option(
            help="What to count; with _residents children placed there by other authorities are left out."
        ),
    ] = MeasureName.children_missing,
    months: Annotated[
        bool,
        typer.Option("--months", help="Look at each month by itself as well: what emerges, stays, fades."),
    ] = False,
    robust: Annotated[
        bool,
        typer.Option(
            "--robust",
            help="Gi* by the order of rates only: for a map on which one area is far out and hides all others.",
        ),
    ] = False,
    standardised: Annotated[
        bool,
        typer.Option(
            "--standardised",
            help="Look for clusters (scan_cluster) beside what the age of the children of each area, and their sex where it is known, lead one to expect.",
        ),
    ] = False,
    least: Annotated[
        int | None,
        typer.Option(
            min=2,
            metavar="N",
            help="Fewest episodes or incidents that make a dense place; by default 6, or a hundredth of all where that is more.",
        ),
    ] = None,
    publish: PublishOption = False,
    geography: GeographyOption = None,
    as_of: AsOfOption = None,
    dates: DatesOption = Dates.iso,
    viewer: RoleOption = Role.analyst,
    seed: SeedOption = 0,
) -> None:
    """Find the areas that are higher than chance explains, with rates, intervals and clusters."""
    if months and publish and by is By.lsoa:
        usage(
            "In an LSOA nearly every count of a month is small, so nothing would be left to publish. Leave out --months, or use --by ward."
        )
    if months and measure.value.startswith("children_known"):
        usage(f"{measure.value} is a count at one day and has no months. Choose another --measure.")
    from app import hotspots as finding
    from app.dense import find_dense
    from app.published import hotspot_counts
    from app.results import validate_out
    from geo.areas import build_areas
    from geo.measures import COUNTED, RESIDENTS

    out = out.resolve()
    validate_out(out, finding.FILES)
    from app import analysis

    places = analysis.load_geography(case, geography)
    areas = build_areas(places, level=by.value)
    result = analysed(
        case, geography=geography, dates=dates, as_of=as_of, viewer=viewer, seed=seed, linked=False
    )
    counts = finding.build_counts(result, areas, places)
    how = {"robust": robust, "scan_standardised": standardised, "seed": seed}
    found = finding.find_hotspots(counts, measure.value, **how)
    asked = {"measure": measure.value, "by": by.value, "robust": robust, "standardised": standardised}
    if publish:
        public = {"hotspot_counts": finding.publishable(found)}
        if months:
            by_month = finding.find_months(counts, measure.value, seed=seed)
            public = hotspot_counts(
                found, by_month, adds_up=not COUNTED[measure.value.removesuffix(RESIDENTS)].by_child
            )
        # The other notes hold counts.
        finding.save(result, out, public, **asked, notes=areas.notes)
        print(f"Counts with small numbers hidden were written to {out}.")
        return
    tables = {"hotspots": found.table, "scan_clusters": found.clusters}
    if months:
        tables["hotspot_months"] = finding.find_months(counts, measure.value, seed=seed)
    dense = find_dense(counts, measure.value, minimum=least, sees_people=result.settings.viewer.sees_people)
    if len(dense.points):
        tables["dense_places"] = dense.places
    finding.save(
        result,
        out,
        tables,
        **asked,
        notes=found.notes,
        rows=result.counts["rows"],
        rejected=result.counts["rejected"],
    )
    print_notes(found.notes)
    without = finding.without_placed(counts, measure.value, **how)
    print(f"{finding.answer(found, without, level=by.value)} Written to {out}.")
