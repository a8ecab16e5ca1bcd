"""Lead economics: from a score to money.

What a lead is worth
    pricing         expected profit of a lead, its price, and the lever that moves it most
    returns         return on the cost of converting each lead, against an objective
    depth           profit over the number of leads called; the best depth
    hits            hits, false alarms and misses at a threshold
Knowing more of a lead than its chance
    qualify         how likely, how soon, how much work: put together
    time_to_order   when it orders (waits: from the dates of a file; baseline: its hazard)
    effort          how much work it takes (encoding: fields as columns, for both)
    profile         several answers as one priority
    changes         what changed between two scorings, and why
    next_action     what to do next with it
Many leads at once
    risk            how many orders a set may bring; tranches
    deals           which deal is better at which share of good leads; keep, sell or drop
    packages        the leads that meet a buyer's wishes best (wishes: what may be asked for)
    dispatch        who calls whom (people, call_list: who, and which leads; shares, rounding: how it is solved)
Campaigns and channels
    campaigns       what each brought for its cost, and advice (arrivals: what became of whose leads, and when)
    history         spend and orders by period
    response        orders over spend, fitted to a history
    allocation      a budget split by these curves
    simulation      what learning where the money works is worth
In common
    money           currency and period; amounts and chances checked and told
"""
