"""The command `evaluate`."""

from __future__ import annotations

from typing import Annotated

import typer

from app.options import print_notes, usage

Counts = tuple[float, float]


def evaluate(
    *,
    treated: Annotated[
        Counts, typer.Option(metavar="BEFORE AFTER", help="Counts in the places where work was done.")
    ],
    control: Annotated[
        Counts, typer.Option(metavar="BEFORE AFTER", help="Counts in places like them that were left alone.")
    ],
    around_treated: Annotated[
        Counts | None,
        typer.Option(metavar="BEFORE AFTER", help="Counts in a ring around the treated places."),
    ] = None,
    around_control: Annotated[
        Counts | None,
        typer.Option(metavar="BEFORE AFTER", help="Counts in a ring around the places left alone."),
    ] = None,
    periods: Annotated[
        Counts,
        typer.Option(
            metavar="BEFORE AFTER", help="Lengths of the two periods in one unit, where they differ."
        ),
    ] = (1, 1),
    sizes: Annotated[
        tuple[float, float, float, float],
        typer.Option(
            metavar="TREATED CONTROL AROUND AROUND",
            help="Sizes of the four areas in one unit, where they differ.",
        ),
    ] = (1, 1, 1, 1),
    earlier: Annotated[
        list[float] | None,
        typer.Option(
            metavar="COUNT",
            help="Count of the treated places in a period before, oldest first; give it once for each period.",
        ),
    ] = None,
    level: Annotated[float, typer.Option(metavar="SHARE", help="Level of the interval.")] = 0.95,
) -> None:
    """Say what a week of action changed: the weighted displacement difference with its interval."""
    from geo.displacement import weighted_displacement

    try:
        found = weighted_displacement(
            treated,
            control,
            around_treated=around_treated,
            around_control=around_control,
            periods=periods,
            sizes=sizes,
            level=level,
            earlier=earlier or (),
        )
    except ValueError as error:
        usage(str(error))
    print(
        f"Weighted displacement difference: {found.estimate:.1f}, standard error {found.standard_error:.1f}, "
        f"{found.level:.0%} interval {found.low:.1f} to {found.high:.1f}."
    )
    if around_treated is not None:
        print(
            f"In the places against the control: {found.places:.1f}. "
            f"Around them against around the control: {found.around:.1f}."
        )
    print(found.sentence)
    print_notes(found.notes)
