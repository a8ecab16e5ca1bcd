"""The model as a whole: which fields and which kinds of talk move scores over many leads.

    leads --> a pool of them, scored --> a sample, rich in the best --> reasons, lead by lead (Parquet)
      |            (sample)                    (sample)                  (collecting)    |
      '-> masked turns --> kinds of talk ----------------------------------------------. |
            (turns)        (phrases, kinds)                                             v v
                                        fields, effects, outcomes, drift --> findings --> sentences

sample      which leads are looked at, and for how many each stands
collecting  their reasons, kept as they come, so that work that was stopped goes on
turns       what was said, masked, and by whom      phrases     words and phrases that tell turns apart
kinds       turns that say alike                    naming      what a kind is called: a typical sentence
weighing    means over the sample with intervals
fields      what moves scores, and in which way     effects     how each kind of talk moves scores, by group
outcomes    talk and fields of won and lost leads   drift       talk month by month
findings    the result: tables, written and read    sentences   the result in words
looking     all of it in order; alone needs scikit-learn, with phrases, naming and kinds
"""
