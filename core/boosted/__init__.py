"""Boosted trees on the fields: the baselines that a language model has to earn its cost against.

tuning  random search within a stated budget; trees on the outcome alone
graded  trees that rank by how deep a lead came (lambdarank): grades, gains, queries
chain   trees for each step of the funnel, multiplied (continuation ratio)
scorer  trees on the outcome as a Scorer, calibrated
"""
