"""From a file to what a model learns from.

reading     path or bytes -> frame, or chunks of it       schema      which column plays which role (TOML)
leads       Leads: validated, never mutated               validation  (frame, schema) -> Leads + every problem
guessing    a file -> a proposed schema, leaks marked     splitting   by time, with a maturity gap, by customer
features    fields -> numbers, fitted on the training part prompts    one lead -> one prompt with spans
pairs       preference pairs as index arrays              simulation  seeded leads with known truth
"""
