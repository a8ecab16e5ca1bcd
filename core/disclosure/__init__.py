"""What the person concerned may be told about the ranking of their enquiry: one sheet, in words that they can read.

hiding.py      names, numbers and plates of people, taken out of every text of the sheet
reasons.py     the main reasons of a place, each as one line
uses.py        who looked at, exported or changed anything, from the workspace's records
sheet.py       all that a sheet is made from
collecting.py  a sheet from a workspace, or from files
sections.py    what it says
wording.py     dates, lists and ranges in its words
files.py       the same as HTML and as PDF
"""
