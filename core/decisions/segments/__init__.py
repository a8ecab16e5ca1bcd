"""Who came because of the campaign, who came anyway, who stays cold: and what to do about it.

world       simulated customers of whom it is known what a campaign did to them
recovery    the proof: known labels are hidden, and found again
qini        how well a ranking finds those whom a campaign moves, where a control arm was drawn at random
uplift      models of that effect itself, and plain response models beside them
arms        the segments beside both, on later leads
calibration whether the chances to come at all come true
profile     what tells one segment from the rest
budget      whom to send a campaign to, for a budget
drift       segments month by month
training    a whole segmentation with its card     telling     the card in plain words
kept        what is kept of it, in a folder
"""
