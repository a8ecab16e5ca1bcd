"""A report as a file that is mailed and printed, and needs nothing else; whatever it is about.

parts      section, table, picture
page       sections as HTML
paper      sections as PDF
markdown   sections as Markdown
drawing    what pictures have in common
"""
