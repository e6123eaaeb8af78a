"""csv-etl on CPython's standard library alone, shared by the variants that differ in the interpreter or in who does the work.

`etl.Etl` is the workload. Downhill from there: `sharing` cuts the file into ranges and merges what they gave; `cleaning` takes one range;
`batches` makes checked columns of a block; `groups` and `rows` are the two steps; `lookups` holds what is joined.
"""
