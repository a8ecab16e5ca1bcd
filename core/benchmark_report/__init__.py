"""A benchmark as a report that a manager reads and an analyst can check: one file, in Markdown or HTML.

files      the sections as files
sections   what it says, from the answer down to how it was done
tables     its tables, in the form of the paper's
pictures   its pictures, drawn without a browser
"""
