"""Results as Plotly figures, reasons as HTML: no streamlit, no computing of figures; each title says what is shown.

style.py          one look: colours, dashes and markers, titles, text from outside made harmless
gains.py          orders and stages reached by depth; lift
capacity.py       what so many calls bring
chances.py        whether chances come true; chances of buyers and of others
segments.py       a figure by group of leads
comparison.py     a figure by model
funnel.py         open leads by stage
training.py       losses, pair accuracy and validation AUC of a run
lead.py           one lead: its chance over time
trials.py         a field trial before it starts: power, detectable effect, balance, rehearsal
trial_results.py  a field trial as it ran: by day, method, group and look
trial_words.py    field trials in plain words
campaigns.py      campaigns: what they brought, how orders follow the money, budgets now and then
customers.py      customer segments: labels filled in, profiles, months, what a budget brings
customer_proofs.py  how far segments can be believed
plans.py          who calls how much, packages of leads with their risk, tranches
priority.py       what a priority is made of: one lead's answers, the parts of many
reasons.py        one lead: what was said and its fields, coloured by what speaks for and against it

The data behind a chart is the result's own `to_frame()`; where there is no result class, it is the frame that the chart
takes, or that of a `..._frame` function beside the chart.
"""
