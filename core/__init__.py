"""Lead ranking: files in, a trained preference-ranking model and explained, ranked leads out.

errors      one root, few children              funnel      stages in order, preference tiers
config      every setting with its source       metrics     (outcome, score) -> figure with interval
data/       files -> Leads -> splits, prompts, features, pairs; simulated leads
scores      Scores, Attribution, the Scorer protocol
boosted, words                                  the baselines that are always in the table
neural/     the only room with torch: backbone, heads, losses, training, gradients
scoring     the door: load a model, score leads
evaluation  Scores against outcomes             __main__    the command line
"""
