"""What a sales team does with scores: results that stand on numbers alone, no model, no page.

field_trial/   does the new ranking sell more: plan, assign, watch, read, rehearse
economics/     from a score to money: campaigns, prices, deals, packages, who calls whom, priorities
"""
