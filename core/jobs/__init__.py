"""Long work as processes of their own, which a page starts, watches, stops and finds again.

    page -> records.submit -> row 'queued' -> `python -m core job ID` -> running.run_job -> row 'done'
              |                                   heartbeat, progress, figures -> row, events
              '-> watch, cancel, resume, sweep (a job whose process is gone becomes 'interrupted')

records     the door: submit, cancel, resume, sweep     ledger      every change of a job's row, one UPDATE each
running     what a job's process does                   reporting   heartbeat, progress, thinned history, stop asked for
processes   start, recognise and stop a process         folders     a job's log, notes and half-made files
task        what the work gets, and how it is stopped   arrivals    kinds `import` and `load_run`
trainings   kind `train`                                rankings    kinds `score` and `explain`
shipped     the first start: sample leads and model     curves      a history as a table, for curves
turns       how many compute at once                    rehearsals  kind `rehearse`
benchmarks  kind `benchmark`                            comparisons kind `compare`
talks       kind `talk`                                 reason_checks kind `faithfulness`
segmentations kind `segments`

The folder `jobs/<id>/` holds log.txt, memory.json (what a second attempt goes on with), partial.txt (half-made files).
"""
