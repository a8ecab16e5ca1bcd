"""What a sheet says, from the short answer down to how to object. No name or number of a person passes `hiding`.

Written for the person concerned: "you" is that person, "we" whoever ranks the enquiries.
"""

from __future__ import annotations

from datetime import datetime

from core.charts.style import counted
from core.data.dialogue import parse_turns
from core.data.prompts import shown_name, shown_value
from core.disclosure.hiding import HIDDEN, Hiding, hiding, is_of_staff, is_personal
from core.disclosure.sheet import Sheet, Standing
from core.disclosure.wording import broken_words, day, field_words, listed, value_words
from core.lift.promises import broken
from core.report.parts import Section, Table

LONGEST = 400
"""Most characters of a field's text that are printed."""
VERSION = 8
"""Characters of a run's id that tell versions apart."""
LINE = "____________________________________________"
RIGHTS = (
    "You can ask for a copy of the data about you, have wrong data corrected, and object to being ranked like this. "
    "The people below must answer you.",
    "In the European Union and the United Kingdom these are your rights under Articles 15, 16 and 21 of the General "
    "Data Protection Regulation. Other countries have laws of their own.",
    "If you say which line of this sheet is wrong, it can be corrected, and your enquiry is then ranked anew.",
)


def sections(sheet: Sheet) -> tuple[Section, ...]:
    """The whole sheet."""
    hide = hiding(sheet.lead, sheet.people)
    return (
        _short(sheet, hide),
        _used(sheet, hide),
        _left_out(sheet),
        _source(sheet, hide),
        _procedure(sheet),
        _consequences(sheet),
        _reasons(sheet),
        _version(sheet, hide),
        _looked(sheet),
        _object(sheet),
    )


def _short(sheet: Sheet, hide: Hiding) -> Section:
    lead = hide(str(sheet.lead.lead_id.iat[0]))
    return Section(
        "In short",
        (
            _place(sheet.standing),
            "The place helps people to decide whom to call first. The program makes no decision about you by itself.",
            f"This sheet is about the enquiry with the number {lead}. It was made on {day(sheet.made)}. Names, "
            "telephone numbers, addresses and number plates are left out of it, yours too.",
        ),
    )


def _place(standing: Standing) -> str:
    chance = None if standing.chance is None else f"{100 * standing.chance:.1f} of 100 such enquiries"
    if standing.rank is None:
        return (
            f"A program estimates that {chance} lead to an order."
            if chance
            else "A program gave your enquiry a score, without an estimate of how likely an order is."
        )
    stands = f"Your enquiry stands at place {standing.rank:,} of {standing.of:,} in our order of calls"
    return f"{stands}; a program estimates that {chance} lead to an order." if chance else f"{stands}."


def _used(sheet: Sheet, hide: Hiding) -> Section:
    lead = sheet.lead
    turns = len(parse_turns(str(lead.dialogue.iat[0])))
    times = lead.roles["snapshot_time"].dropna().dt.to_pydatetime()
    when = f" The data are as they were on {day(times[0])}." if len(times) else " They carry no date."
    if not turns:
        said = "No conversation with you was used."
    elif sheet.unread_turns:
        read = max(turns - sheet.unread_turns, 0)
        said = f"The last {read:,} of {counted(turns, 'turn')} of the conversation with you; a turn is what one person "
        said += "says before the other speaks. The earlier ones were too long to be read."
    else:
        said = f"The conversation with you, {counted(turns, 'turn')}; a turn is what one person says before the other "
        said += "speaks. The single turns carry no dates."
    known = [name for name in sheet.model.features.columns() if name in sheet.lead.features]
    staff = [field_words(name) for name in known if is_of_staff(name)]
    rows = tuple((field_words(name), _value(sheet, name, hide)) for name in known if not is_of_staff(name))
    table = Table(("Field", "Value"), rows) if rows else None
    fields = [f"{counted(len(rows), 'field')}, in the table below." if rows else "No further fields."]
    if staff:
        fields.append(
            f"Also {counted(len(staff), 'figure')} on those who look after you: {listed(staff)}. They tell of "
            "colleagues of ours, not of you, so they are named and not printed."
        )
    return Section("Which data about you were used", (said + when, *fields), table=table)


def _value(sheet: Sheet, name: str, hide: Hiding) -> str:
    value = value_words(shown_value(sheet.lead.features[name].iat[0]), name in sheet.model.features.categorical)
    if value and is_personal(name):
        return HIDDEN
    shown = hide(value)
    return (shown if len(shown) <= LONGEST else shown[: LONGEST - 1].rstrip() + "…") or "not known"


def _left_out(sheet: Sheet) -> Section:
    roles, said = sheet.lead.schema.roles, []
    names = {
        "owner": "who looks after you",
        "customer_id": "your customer number",
        "stage": "how far your purchase has come",
        "converted": "whether you ordered",
        "call_seconds": "how long calls lasted after that day",
    }
    held = [words for role, words in names.items() if getattr(roles, role)]
    if held:
        said.append(f"In our data, but not read for your place: {listed(held)}.")
    if sheet.people:
        said.append(f"Seen by people and never by the program: {listed([shown_name(name) for name in sheet.people])}.")
    read = sheet.model.features.columns()
    unread = [shown_name(name) for name in sheet.lead.schema.features.columns() if name not in read]
    if unread:
        said.append(f"Also not read by the program: {listed(unread)}.")
    if (sheet.model.card.get("config") or {}).get("mask"):
        said.append(
            "Names, telephone numbers, e-mail addresses, number plates and the like were taken out of what was said "
            "before the program read it. That works by rules, and may miss one."
        )
    return Section("Which were left out", tuple(said) or ("Nothing that we hold about this enquiry.",))


def _source(sheet: Sheet, hide: Hiding) -> Section:
    source = sheet.source
    said = f"From the data set “{hide(source.name)}”"
    said += f", of {counted(source.leads, 'enquiry', 'enquiries')}" if source.leads else ""
    said += f", which was brought in on {day(source.brought_in)}" if source.brought_in else ""
    file = f" The file was called “{hide(source.file)}”." if source.file else ""
    return Section("Where the data come from", (f"{said}.{file}",))


def _procedure(sheet: Sheet) -> Section:
    data = sheet.model.card.get("data") or {}
    learned, won = ((data.get(kind) or {}).get("train") for kind in ("split", "converted"))
    many = f"{learned:,} earlier enquiries" if learned else "earlier enquiries"
    won_words = f", {won:,} of which led to an order" if won is not None and learned else ""
    return Section(
        "How the procedure works",
        (
            f"A program has learned from {many}{won_words}, what those have in common that end with an order. It reads "
            "what is listed above, compares your enquiry with the others, and puts all of them in one order.",
            "What it is for: people cannot call everybody at once. The order tells them where a call is likeliest to "
            "be of use.",
            "What it is not made for: to set a price, to grant or refuse credit, to close or refuse a contract, or to "
            "judge who you are and what you can pay.",
            "It works with likelihoods, learned from other people. About one person alone it can be wrong.",
        ),
    )


def _consequences(sheet: Sheet) -> Section:
    standing = sheet.standing
    said = [_place(standing)]
    if standing.ranked:
        said.append(f"The order is that of {day(standing.ranked)}; it changes when new data come in.")
    if standing.likely:
        said.append(standing.likely)
    if standing.chance is not None and (off := broken_words(broken(sheet.model.card))):
        said.append(off)
    said.append(
        "Enquiries near the top are called first. Far down the list a call may come later, or not at all where there "
        "is no time for it. People decide about each call, can call in another order, and can see the reasons."
    )
    return Section("Where you stand, and what follows", tuple(said))


def _reasons(sheet: Sheet) -> Section:
    heading = "The main reasons"
    if sheet.reasons is None:
        words = "For this sheet the reasons were not worked out and checked. You can ask for them."
        return Section(heading, (words,))
    if not sheet.reasons:
        return Section(heading, ("No single field and no single turn moves your enquiry by itself.",))
    moves = ((one.words, "towards the top" if one.helps else "further down", one.without) for one in sheet.reasons)
    words = (
        "What moves your place most, the strongest first. Each was checked: the program was asked again about the "
        "same enquiry without it."
    )
    return Section(heading, (words,), table=Table(("What", "Moves you", "Without it"), tuple(moves)))


def _version(sheet: Sheet, hide: Hiding) -> Section:
    card = sheet.model.card
    name, made = hide(str(card.get("name") or "")), _made(card.get("made"))
    facts = [name, f"version {sheet.model.id[:VERSION]}", made and f"made on {made}"]
    words = "With this we can find out later exactly which program was used, and what it had learned from."
    return Section("Which version of the program it was", (f"{', '.join(filter(None, facts))}. {words}",))


def _made(moment: object) -> str:
    try:
        return day(datetime.fromisoformat(str(moment)))
    except ValueError:
        return ""


def _looked(sheet: Sheet) -> Section:
    heading = "Who looked at your data or changed anything"
    if sheet.uses is None:
        words = "This sheet was made from files. There is no record beside them of who looked at your data."
        return Section(heading, (words,))
    limits = "Merely looking at the list, or at your enquiry with names hidden, is not recorded."
    if not sheet.uses:
        return Section(heading, ("Nothing is recorded so far.", limits))
    rows = tuple((use.what, use.by, f"{use.times:,}", day(use.first), day(use.last)) for use in sheet.uses)
    words = (
        "From the record that the program keeps by itself, by role: employees are not named. Roles are those of today."
    )
    columns = ("What", "By", "Times", "First", "Last")
    return Section(heading, (words, limits), table=Table(columns, rows))


def _object(sheet: Sheet) -> Section:
    return Section(
        "How to object, or to have something corrected", (*RIGHTS, f"Contact: {sheet.contact.strip() or LINE}")
    )
