"""Lead ranking: files in, a trained preference-ranking model and ranked leads out; and what a team does with them.

errors      one root, few children              config      every setting with its source
progress    how long work tells where it is     funnel      stages in order, preference tiers
answers     what a verb answers, as JSON too    devices     what this machine can compute on
ranking     leads as counts by score            metrics     (outcome, score) -> figure with interval
resampling  bootstrap intervals                 reliability whether probabilities come true
calibration logit -> probability                data/       files -> Leads -> splits, prompts, features, pairs
scores      Scores, Attribution, the Scorer protocol
boosted/, words, heuristics                     trees, linear models, rules: what the model has to beat
neural/     the only room with torch: backbone, heads, losses, training, gradients
scoring     the door: load a model, score leads
evaluation  Scores against outcomes             comparison  several models on the same leads
pair_reasons why A stands above B                comparing   the same in plain words
removals, faithfulness whether reasons are the model's own   trust       the same in plain words
attribution Attribution in plain words          similar     earlier leads like this one
proofs      reasons checked by leaving them out
pair_review pairs that a model gets wrong       pair_outcomes who was right, analyst or model
lift/       what calling by score brings        queue/      the ranked list, read at any size
decisions/  field trials, economics, segments   what_if     a lead with something changed
exports     files that people take away         archives    a run folder as one file
talk/       what moves scores over many leads
training    a whole run: leads -> run folder with model card; retelling: its card in words
benchmark/  many ways to rank the same leads    benchmark_report/ its tables, pictures and words on paper
charts/     result -> Plotly figure             trial_report/ a field trial on paper; report/ what both are made of
workspace/  what is kept: rows, and files beside them
jobs/       long work as processes of their own; drafts: a lead file before it is a dataset
console     what the command line says meanwhile
commands, chores, trial_commands, economics_commands, lead_worth_commands, benchmark_commands,
reasons_commands, segment_commands  what each verb does
trial_files, economics_files, segment_files  what they read and write
steps, economics_steps, segment_steps       their options
__main__    the command line
"""
