"""The queue: ranked leads as one Parquet file, read a page at a time by DuckDB.

build      scores and leads -> the file, best first      reasons    the strongest five of each lead, as text
sources    scores and leads in memory or in files, a stretch of ranks at a time
view       which leads are shown, as an address          condition  a view as SQL with parameters
file       which rows match, in which order              today      statuses, owners of now, the cut
store      Queue: a page, counts, a summary, one lead, an export
titles     what the columns are called, on the screen and in files
"""
