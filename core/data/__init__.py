"""From a file to what a model learns from.

sources     bytes or path, opened and recognised          encodings   the codec that decodes a whole text file
csv_files   CSV, chunk by chunk                           reading     the door: any lead file -> frame, or chunks of it
values      cells -> numbers, times, outcomes, text       dialogue    transcripts -> turns, oldest first
schema      which column plays which role (TOML)          leads       Leads: validated, never mutated
problems    what is wrong with a file                     checks      the rules that leads must keep
validation  (frame, schema) -> Leads + every problem      splitting   by time, with a maturity gap, by customer
names       what columns and stages are called            columns     what a column is, by its name and cells
leaks       columns known only after the outcome          guessing    a file -> a proposed schema, leaks marked
features    fields -> numbers, fitted on training leads   prompts     one lead -> one prompt with spans
contests    who meets whom in a tier                      pairs       preference pairs as index arrays
alignment   does a tier's order follow the sale           sampling    batches in which every tier finds pairs
market      a made-up market and its people               world       what files show of it, and what happens
phrases     wordings from phrases.toml                    conversation dialogues that convey a lead's mind
simulation  seeded leads with known truth                 identifiers numbers and addresses of people in a text
persons     names in a text, by their cues                masking     both out of a text, and where they stood
reviews     what people said of pairs and leads
stored      leads as Parquet                              ordered     those in any order, without holding them
dealing     rows put in order by buckets on disk          finding     ids among millions of others
changing    a lead with a field or a turn changed          changeable  which fields somebody can change
mapping     leads in files mapped into memory             keeping     columns of a file, in memory or on disk
big_files   a file of any size, checked shard by shard    formulas    spreadsheet formulas made plain text
drafting    a file on its way to a dataset                sketches    a first look at a file
plausible   values that leads of such data have           next_turns  what could be said next
speakers    who in a conversation is the customer         toml_text   values and remarks as TOML
segment_rules  who was engaged, whom a campaign brought
"""
