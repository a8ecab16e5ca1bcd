"""A field trial of two rankings: sales people drawn into two arms, each arm calling by its own.

specialists.py   the people in the trial: counts before it, capability tiers, how alike one person's leads are
history.py       the same from a file of leads                    team.py       people and situation of a lead file
planning.py      how many people it takes to see an effect        outlook.py    which effect a team can see, and when
draws.py         random halves, how far apart they are, pairs     assignment.py who is in which arm, and how alike
choices.py       names of methods, draws and looks
rules.py         what a protocol may say                          protocol.py   what was decided, frozen with its hash
moments.py       when a trial ends, and which of its days are final
outcomes.py      leads and orders of each person and day, as far as they are final
fieller.py       one effect with its interval                     estimates.py  the effect, in four ways
sequential.py    bounds for looks before the end                  looks.py      when the plan lets an effect be seen
watching.py      what may have gone wrong meanwhile               reading.py    all of it as one result
scenario.py      a made-up market with two rankings               rehearsal.py  what a design finds in simulated trials
"""
