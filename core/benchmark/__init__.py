"""Many ways to rank leads on one file: which is best, by how much, at what cost, and can this test show it?

arms       what is compared, in words
recipes    how each arm learns and scores
asked      what is asked of it, and what cannot be
running    arm by arm and seed by seed, continued where it stopped
store      what is found, on disk as it comes
results    what is found, read back
holding    one comparison at a time in a folder
choosing   the best before the test, and the simplest that did about as well
measuring  the figures that arms are compared by
spread     how far chance spreads them, over leads and over seeds
table      figures, differences, intervals
lessons    what the variants teach: tiers, text, ablations
advantage  what the language model brings, and what would settle it
cautions   what the answer hangs on
verdict    the answer in plain words
curves     gains of chosen arms
wording    numbers as people say them
"""
