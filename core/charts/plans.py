"""Plans made of leads: who calls how much, a package for a buyer with its risk, tranches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.charts import style
from core.charts.style import counted
from core.decisions.economics.dispatch import Dispatch
from core.decisions.economics.money import Terms, told
from core.decisions.economics.packages import Package
from core.decisions.economics.risk import Risk

KINDS = {"best": "This plan", "greedy": "Best lead first", "round robin": "In turn"}
"""By kind of dispatch: the name of its series."""
ALL_SHOWN = 20
"""More people or groups than these: the first of them, and the rest as one row."""
BINS = 40


def people_chart(found: Sequence[Dispatch], terms: Terms) -> go.Figure:
    """Value of each person's calls by each way to deal leads. Data: `by_person(found)`.

    Args:
        found: Dispatches of the same people, the one that the title speaks of first.
    """
    first, *others = found
    words = f"{counted(len(first.frame), 'call')} worth {told(first.total, terms)}"
    if others:
        apart = first.total - max(other.total for other in others)
        words += f", {told(apart, terms)} more than the next way" if apart > 0 else ", as much as the next way"
    table = by_person(found)
    figure = style.row_chart(words, table["person"].tolist(), x=f"Value of the calls ({terms.currency})", each=40)
    # The first lies on top of the others, which are larger and open: equal dots are still told apart.
    for place, one in reversed(list(enumerate(found))):
        value, leads = table[f"value, {one.kind}"], table[f"leads, {one.kind}"]
        figure.add_scatter(
            x=value,
            y=list(range(len(table))),
            name=KINDS[one.kind],
            mode="markers",
            marker={
                "symbol": style.marker(place) + "-open" * (place > 0),
                "size": 9 + 3 * place,
                "color": style.colour(place),
                "line": {"width": 2 * (place > 0)},
            },
            hovertext=[
                f"{style.text(person)}, {KINDS[one.kind].lower()}:<br>{calls:,.4g} calls worth {told(worth, terms)}"
                for person, worth, calls in zip(table["person"], value, leads, strict=True)
            ],
            hoverinfo="text",
        )
    figure.update_xaxes(rangemode="tozero", tickformat="~s")
    return figure


def by_person(found: Sequence[Dispatch]) -> pd.DataFrame:
    """One row a person, by value of the first dispatch: person, capacity, and value and leads of each kind.

    Beyond `ALL_SHOWN` people the rest are one row, with what they have on average.
    """
    columns = {"person": found[0].by_person["person"], "capacity": found[0].by_person["capacity"]}
    for one in found:
        columns |= {f"{name}, {one.kind}": one.by_person[name] for name in ("value", "leads")}
    table = pd.DataFrame(columns).sort_values(f"value, {found[0].kind}", ascending=False, kind="stable")
    return _cut(table, "person", "others, on average", "mean")


def composition_chart(found: Package, terms: Terms) -> go.Figure:
    """Where a package's leads come from. Data: `found.regions`."""
    table = _cut(found.regions, "region", "other groups", "sum")
    names = [name or "not known" for name in table["region"]]
    words = f"{counted(len(found.frame), 'lead')} with {found.expected_orders:,.1f} orders to expect"
    words += f" for {told(found.price, terms)}" if found.price else ""
    words += f": {style.share(table['share'].iloc[0])} from {names[0]}" if len(names) > 1 else ""
    figure = style.row_chart(words, names, x="Share of the package's leads (%)", legend=False)
    figure.add_bar(
        x=table["share"],
        y=list(range(len(table))),
        orientation="h",
        width=0.6,
        marker={"color": style.BLUE},
        hovertext=[
            f"{style.text(name)}: {counted(int(row['leads']), 'lead')}, {style.share(row['share'])}<br>"
            f"{row['expected_orders']:,.1f} orders to expect, price {told(row['price'], terms)}"
            for name, row in zip(names, table.to_dict("records"), strict=True)
        ],
        hoverinfo="text",
    )
    style.percent(figure, x=True)
    return figure


def orders_chart(found: Risk, period: str, wanted: float | None = None) -> go.Figure:
    """How many orders leads may bring, as simulated. Data: `found.to_frame()`.

    Args:
        period: What one draw is called: month, say.
        wanted: Orders that the buyer asks for, marked; the title then tells how sure they are.
    """
    words = f"In 19 of 20 cases {found.low:,.0f} to {found.high:,.0f} orders, {found.expected:,.1f} on average"
    if wanted is not None:
        words = f"{style.share(found.chance_at_least(wanted))} sure of {wanted:,.4g} orders or more; i{words[1:]}"
    figure = style.chart(words, x="Orders", y="Chance (%)", legend=False)
    table = found.to_frame()
    width = max(1, int(np.ceil((table["orders"].max() - table["orders"].min() + 1) / BINS)))
    start = table["orders"] // width * width
    bins = table.groupby(start)["chance"].sum()
    low, chances = bins.index.to_numpy(dtype=int), bins.to_numpy(dtype=float)
    inside = (low + width > found.low) & (low <= found.high)
    figure.add_bar(
        x=low + (width - 1) / 2,
        y=chances,
        width=0.9 * width,
        marker={
            "color": np.where(inside, style.BLUE, style.GREY).tolist(),
            "pattern": {"shape": np.where(inside, "", "/").tolist()},
        },
        hovertext=[
            f"{counted(one, 'order') if width == 1 else f'{one:,} to {one + width - 1:,} orders'}:<br>"
            f"{style.share(chance)} of simulated {period}s"
            for one, chance in zip(low.tolist(), chances, strict=True)
        ],
        hoverinfo="text",
    )
    figure.add_vline(x=found.expected, line={"color": style.GREY, "width": 1.5, "dash": "dot"})
    if wanted is not None:
        figure.add_vline(x=wanted, line={"color": style.VERMILLION, "width": 1.5, "dash": "dash"})
        figure.add_annotation(x=wanted, y=1, yref="paper", text="wished", showarrow=False, xanchor="left", xshift=4)
    style.percent(figure, y=True)
    figure.update_xaxes(tickformat=",d")
    return figure


def tranches_chart(table: pd.DataFrame) -> go.Figure:
    """Orders per lead of each tranche with their range. Data: `table`, as `risk.tranches` makes it."""
    best, last = table.iloc[0], table.iloc[-1]
    words = f"Of 100 leads of {best['tranche']}, {100 * best['rate']:.0f} order"
    words += f"; of {last['tranche']}, {100 * last['rate']:.0f}" if len(table) > 1 else ""
    labels = [f"{name} ({leads:,} leads)" for name, leads in zip(table["tranche"], table["leads"], strict=True)]
    figure = style.row_chart(words, labels, x="Leads that order (%)", legend=False)
    figure.add_scatter(
        x=table["rate"],
        y=list(range(len(table))),
        error_x={
            "type": "data",
            "symmetric": False,
            "array": table["rate_high"] - table["rate"],
            "arrayminus": table["rate"] - table["rate_low"],
            "thickness": 2,
            "width": 5,
        },
        mode="markers",
        marker={"symbol": "circle", "size": 11, "color": style.BLUE},
        hovertext=[
            f"{style.text(row['tranche'])}: {row['expected_orders']:,.1f} orders of {counted(row['leads'], 'lead')} to "
            f"expect, in 19 of 20 cases {row['low']:,.0f} to {row['high']:,.0f}<br>single leads: chances of "
            f"{style.share(row['chance_from'])} to {style.share(row['chance_to'])}"
            for row in table.to_dict("records")
        ],
        hoverinfo="text",
    )
    style.percent(figure, x=True)
    return figure


def _cut(table: pd.DataFrame, name: str, others: str, how: str) -> pd.DataFrame:
    """The first rows, and the rest as one, their sum or mean."""
    if len(table) <= ALL_SHOWN:
        return table.reset_index(drop=True)
    rest = table.iloc[ALL_SHOWN - 1 :]
    last = rest.drop(columns=name).agg(how).to_frame().T.assign(**{name: f"{len(rest):,} {others}"})
    return pd.concat([table.iloc[: ALL_SHOWN - 1], last[table.columns]], ignore_index=True)
