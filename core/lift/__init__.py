"""What calling by score brings on tested leads: results for the Lift page, plain values and tables, no drawing.

lineup.py     the tested leads and every model's scores of them: what all the others start from
gains.py      orders and stages reached by how deep the list is called
capacity.py   what a given number of calls brings, and the same over every number of calls
chances.py    whether the chances come true, and how far apart buyers and others stand
cohorts.py    whether the chances still come true lately, month by month
promises.py   whether the chances kept their promise on tested leads, from a model's card
likely.py     what came of earlier leads with about one chance: the range of a chance
orders.py     how far the order by score and the order by chance agree
segments.py   figures by group: channel, region, owner
tested.py     whether the test scores of a model from elsewhere can be trusted
models.py     several models on the same leads, at the team's capacity
"""
