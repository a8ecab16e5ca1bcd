"""What files show of the made-up market, and what happens in the thirty days after: fields, talk and funnel.

    factors, intent (`market.py`)
       |      |      \
    fields  said     funnel (stage, call_seconds, delay), following intent by the market's alignment

Fields show mostly need and fit; the dialogue (`said`) shows all five factors and the plan for the next step; each with
noise of its own. Everything is drawn in blocks of `BLOCK` leads, each with a seed: the chunk size changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.data.market import BLOCK, CHANNELS, FACTORS, MATURITY_DAYS, Latent, Market, draw_latent, sigmoid
from core.funnel import PRESETS

SUBJECTS = ("need", "budget", "family", "product", "rival", "next_step")
"""What a call can be about: one subject per factor, then what happens next."""
FUNNEL = PRESETS["automotive"]

_SOURCES = ("organic", "paid_search", "social", "partner_site", "word_of_mouth")
_CITY_TIERS = ("tier_1", "tier_2", "tier_3", "rural")
_STAGE_SHARES = (0.46, 0.72, 0.90)  # cumulative, among leads that do not convert
_TALK_SECONDS = np.array([50.0, 170.0, 260.0, 330.0, 430.0])


@dataclass(frozen=True)
class Block:
    """Up to `BLOCK` leads: the file's columns without dialogue, the truth, and what the dialogue has to convey."""

    frame: pd.DataFrame
    truth: pd.DataFrame
    said: np.ndarray
    """(n, 6) int8 over SUBJECTS: 1 speaks for a sale, -1 against, 0 not mentioned."""
    words: np.ndarray
    """(n,) int: how long the dialogue should be; 0 for none."""


def make_block(market: Market, number: int) -> Block:
    """Block `number` of the market, cut to the market's number of leads."""
    rng = market.rng(3, number)
    first = number * BLOCK
    latent = draw_latent(market, rng, BLOCK)
    probability = sigmoid(latent.logit + market.intercept)
    converted = rng.random(BLOCK) < probability
    said, words = _said(rng, latent)
    fields = _fields(market, rng, latent, words)
    outcome, final_stage = _funnel(market, rng, latent, converted)
    ids = pd.Series([f"L{first + row:07d}" for row in range(BLOCK)], dtype="str")
    customers = pd.Series([f"C{first + row:07d}" for row in latent.customer], dtype="str")
    owners = pd.Series([f"S{row:04d}" for row in latent.specialist], dtype="str")
    minutes = np.floor(latent.moment) * 1440 + 480 + np.floor(latent.moment % 1 * 720)
    moment = np.datetime64(market.start, "us") + minutes.astype("timedelta64[m]")
    frame = pd.DataFrame({"lead_id": ids, "customer_id": customers, "agent": owners, "snapshot_time": moment})
    frame = pd.concat([frame, fields, outcome], axis=1)
    truth = pd.DataFrame({"lead_id": ids, "intent": latent.intent, "probability": probability})
    truth["converted_in_the_end"] = converted.astype(np.int8)
    truth["stage_in_the_end"] = _names(FUNNEL.stages, final_stage)
    truth = truth.join(pd.DataFrame(latent.factors, columns=list(FACTORS)).astype(np.float32))
    truth = truth.join(pd.DataFrame(said, columns=[f"said_{subject}" for subject in SUBJECTS]))
    keep = min(BLOCK, market.leads - first)
    return Block(frame.iloc[:keep], truth.iloc[:keep], said[:keep], words[:keep])


def _said(rng: np.random.Generator, latent: Latent) -> tuple[np.ndarray, np.ndarray]:
    """What each dialogue conveys, and its length in words; see `Block`."""
    n = len(latent.intent)
    words = np.clip(rng.lognormal(4.35, 0.5, size=n), 30, 400).astype(int)
    belief = np.column_stack([latent.factors, latent.intent]) + rng.normal(size=(n, 6)) * 0.2
    # What weighs on people comes up: strong feelings are likelier to be spoken of; the next step nearly always is.
    eager = 1.5 * np.abs(belief) + rng.gumbel(size=(n, 6)) + [0, 0, 0, 0, 0, 2.6]
    subjects = np.clip(np.round(words / 24 + rng.normal(0, 0.5, size=n)), 1, 6)
    spoken = eager.argsort(axis=1).argsort(axis=1) >= 6 - subjects[:, None]
    said = np.where(spoken, np.where(belief > [0, 0, 0, 0, 0, 0.7], 1, -1), 0).astype(np.int8)
    silent = rng.random(n) < 0.03
    said[silent] = 0
    words[silent] = 0
    return said, words


def _fields(market: Market, rng: np.random.Generator, latent: Latent, words: np.ndarray) -> pd.DataFrame:
    n = len(words)
    need, budget, family, fit, preference = latent.factors.T
    late = latent.moment / market.days
    desk = market.specialists.iloc[latent.specialist].reset_index(drop=True)
    busy = np.clip(rng.gamma(6, 6, size=n) * (0.9 + 0.2 * late), 3, None).round()

    def noise() -> np.ndarray:
        return rng.normal(size=n)

    follow_ups = rng.poisson(np.exp(0.9 + 0.28 * need + 0.12 * preference + 0.25 * late - 0.004 * busy + 0.5 * noise()))
    calls = rng.poisson(np.exp(0.55 + 0.42 * need + 0.18 * preference + 0.4 * noise()))
    answered = np.round(sigmoid(0.3 + 0.5 * need + 0.5 * family + 0.7 * noise()) * calls) * (words > 0)
    minutes = np.exp(0.9 + 0.22 * fit + 0.22 * preference + 0.22 * latent.chatty + 0.3 * noise())
    booked = rng.binomial(3, sigmoid(-1.7 + 0.75 * fit + 0.3 * need + 0.3 * noise()))
    cancelled = rng.binomial(booked, sigmoid(-1.0 - 0.35 * family - 0.2 * preference))
    age = np.clip(rng.lognormal(3.1 - 0.30 * need, 0.8), 0, 400)
    table = pd.DataFrame(index=range(n))
    table["follow_ups_60d"] = follow_ups
    pause = np.floor(rng.exponential(9 * np.exp(-0.3 * need - 0.15 * family)))
    table["days_since_last_follow_up"] = _blank(np.minimum(pause, 59), follow_ups == 0)
    on_time = sigmoid(0.8 + 0.25 * desk["strength"].to_numpy() + noise())
    table["follow_up_on_time_share"] = _blank(on_time.round(2), follow_ups == 0)
    table["calls_30d"] = calls
    table["calls_answered_share"] = _blank((answered / np.maximum(calls, 1)).round(2), calls == 0)
    table["mean_call_minutes"] = _blank(minutes.round(1), answered == 0)
    silence = np.floor(rng.exponential(7 * np.exp(-0.3 * need - 0.15 * preference)))
    table["days_since_last_call"] = _blank(np.where(calls > 0, np.minimum(silence, 29), silence + 30), words == 0)
    table["incoming_calls_30d"] = rng.poisson(np.exp(-1.2 + 0.5 * need + 0.3 * budget))
    table["test_drives_booked_180d"] = booked
    table["test_drives_cancelled_180d"] = cancelled
    table["days_since_created"] = np.floor(age)
    table["duplicate_leads"] = _earlier(latent.customer, latent.moment)
    discount = np.clip(3.0 - 0.9 * budget + 1.5 * noise(), 0, 9)
    table["quoted_discount_percent"] = _blank(discount.round(1), rng.random(n) < 0.35)
    table["team_size"] = desk["team_size"]
    table["specialist_experience_months"] = _blank(
        desk["experience"].to_numpy() + np.floor(late * 11), rng.random(n) < 0.04
    )
    table["specialist_past_lock_in_rate"] = desk.filter(like="past_").to_numpy()[np.arange(n), (late * 12).astype(int)]
    table["specialist_open_leads"] = busy.astype(int)
    table["channel"] = _names(CHANNELS, latent.channel)
    by_mouth = (latent.channel == 5) & (rng.random(n) < 0.8)
    table["source"] = _names(_SOURCES, np.where(by_mouth, 4, rng.choice(5, size=n, p=[0.38, 0.27, 0.2, 0.12, 0.03])))
    city = _cut(0.4 * budget + 0.2 * fit + noise(), (0.9, 0.1, -0.9))
    table["city_tier"] = _names(_CITY_TIERS, city, rng.random(n) < 0.05)
    trade = _cut(0.5 * need + 0.3 * budget + noise(), (0.5, -0.6))
    table["trade_in"] = _names(("valued", "mentioned", "none"), trade, rng.random(n) < 0.08)
    return table


def _funnel(
    market: Market, rng: np.random.Generator, latent: Latent, converted: np.ndarray
) -> tuple[pd.DataFrame, np.ndarray]:
    """The outcome columns as the file shows them at its end, and the stage that each lead reaches in the end."""
    n = len(converted)
    intent = (latent.intent - latent.intent.mean()) / latent.intent.std()
    drawn = market.alignment * intent + np.sqrt(1 - market.alignment**2) * latent.chatty
    progress = 0.8 * drawn + 0.6 * rng.normal(size=n)
    depth = np.searchsorted(np.quantile(progress[~converted], _STAGE_SHARES), progress)
    depth = np.where(converted, len(FUNNEL.stages) - 1, depth)
    talk = _TALK_SECONDS[depth] * np.exp(0.45 * drawn + 0.5 * rng.normal(size=n))
    talk[(depth == 0) & (rng.random(n) < 0.35)] = 0
    # Keen customers act early; a lead near the file's end shows only what had happened by then.
    delay = MATURITY_DAYS * rng.random(n) ** np.exp(0.3 * np.clip(drawn, -3, 3))
    elapsed = market.days - latent.moment
    seen = np.where(elapsed >= delay, depth, np.floor(depth * elapsed / np.maximum(delay, 1e-9))).astype(int)
    talk = talk * np.minimum(1, elapsed / MATURITY_DAYS)
    outcome = pd.DataFrame({"stage": _names(FUNNEL.stages, seen), "call_seconds": talk.round().astype(int)})
    outcome["converted"] = (converted & (elapsed >= delay)).astype(int)
    return outcome, depth


def _blank(values: np.ndarray, missing: np.ndarray) -> np.ndarray:
    return np.where(missing, np.nan, values)


def _cut(values: np.ndarray, thresholds: tuple[float, ...]) -> np.ndarray:
    return (values[:, None] < np.array(thresholds)).sum(axis=1)


def _names(names: tuple[str, ...], codes: np.ndarray, missing: np.ndarray | None = None) -> pd.Series:
    series = pd.Series(np.array(names, dtype=object)[codes], dtype="str")
    return series if missing is None else series.mask(pd.Series(missing))


def _earlier(customer: np.ndarray, moment: np.ndarray) -> np.ndarray:
    """How many leads of the same customer came before this one."""
    return pd.Series(moment).groupby(customer).rank().to_numpy().astype(int) - 1
