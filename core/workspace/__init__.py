"""What is kept: rows in a database, big tables and models as files beside it.

    tables.py        the rows, as functions return them          store.py      open_workspace, Workspace.session
    ids.py           ids, names, the clock                       upgrade.py    brings a database to this version
    migrations/      one file per change of the tables           audit.py      who did what, and when
    datasets.py      leads that were brought in                  uploads.py    files as they came, before they are leads
    runs.py          models that were trained or loaded          scorings.py   one ranking of one dataset by one model
    actions.py       what people did with leads                  people.py     who may do what
    explanations.py  where reasons are kept                      costs.py      what the campaigns of a dataset cost
    reviews.py       what people said of pairs of leads          base.py       what all tables have in common
    segmentations.py segments of a dataset, as found

The folder: `datasets/<id>.parquet` and `<id>.costs.parquet`, `runs/<id>/`, `scorings/<id>.parquet`,
`uploads/<id><suffix>`, `explanations/<run>/<key>.json`, `segments/<dataset>/<id>/`, and `scores/<run>/`: what a model
said of the leads that it scored last, which only spares time. Only ids that were made here become part of a path.
"""
