"""Leads of any number scored in shards: bounded memory, several processes, resumable, only what changed.

    lead file --> Shards of leads on disk, checked as one file                  shards.py
    leads at hand --'              what was said of them before, by shard       earlier.py
                    |
    shard ----> frame of leads --> frame of scores, no rank                     frames.py
                    |              kept as a file of the shard, whole or not    worker.py
                    |              in a folder that one command holds           work_folders.py
    means:     here, or N processes that may die                                local.py
               actors of Ray Data                                               on_ray.py
               Spark's mapInPandas, over frames of its own                      frames.py: score_frames
                    |
    scores of all shards --> sorted and numbered, CSV or Parquet                merging.py

`whole.py` runs it from the file, or the leads of a dataset, to the ranking. What a run says of a lead depends on that
lead alone, so means, number of processes and size of shards change nothing: to the last bit on a processor, which reads
each lead alone; on a GPU the leads read beside it may move the last digits. Device and precision are decided once, for
all workers.
"""
