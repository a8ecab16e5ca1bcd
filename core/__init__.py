"""Lead ranking: files in, a trained preference-ranking model and explained, ranked leads out.

errors      one root, few children              config      every setting with its source
progress    how long work tells where it is     funnel      stages in order, preference tiers
ranking     leads as counts by score            metrics     (outcome, score) -> figure with interval
resampling  bootstrap intervals                 reliability whether probabilities come true
calibration logit -> probability                data/       files -> Leads -> splits, prompts, features, pairs
scores      Scores, Attribution, the Scorer protocol
boosted, words                                  the baselines that are always in the table
neural/     the only room with torch: backbone, heads, losses, training, gradients
scoring     the door: load a model, score leads
evaluation  Scores against outcomes             comparison  several models on the same leads
attribution Attribution in plain words          training    a whole run: leads -> run folder with model card
similar     earlier leads like this one         commands    what each verb does
__main__    the command line
"""
