"""A field trial as a report that a director reads: a file that is mailed and printed, and needs nothing else.

sections.py   what it says, once: headings, sentences, tables, pictures
pictures.py   the pictures, drawn without a browser
files.py      the sections as HTML and as PDF
"""
