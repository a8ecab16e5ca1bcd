"""Networks that learn all steps of the funnel together and rank by the last one, conversion.

steps  the steps of a funnel that leads can teach; loss and answer
esmm   ESMM: chances from step to step, multiplied
aitm   AITM: what a step has learned goes on to the next
"""
