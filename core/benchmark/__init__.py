"""Many ways to rank leads on one file: which is best, by how much, at what cost, and can this test show it?

arms       what is compared, in words
recipes    how each arm learns and scores
running    arm by arm and seed by seed, continued where it stopped
store      what is found, on disk as it comes
results    what is found, read back
measuring  the figures that arms are compared by
spread     how far chance spreads them, over leads and over seeds
table      figures, differences, intervals
lessons    what the variants teach: tiers, text, ablations
verdict    the answer in plain words
curves     gains of chosen arms
wording    numbers as people say them
"""
