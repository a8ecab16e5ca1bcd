"""Networks of the customer segments: who a campaign moved, who came anyway, who stays cold.

perceptron      the network of both stages and how it is fitted
three_classes   stage 1: campaign, organic, low, with calibrated chances
losses          what stage 2 may learn by: SPLC, Hill, BCE, weighted BCE, nnPU
correction      stage 2: campaign or organic among the engaged, where labels are missing
material        leads as both stages take them
segmenter       both stages together              folder    where they are kept
"""
