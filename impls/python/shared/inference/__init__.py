"""The workload batch-inference for every Python variant: files, refusals, the course of queries, answers. An engine adds what it computes.

`workload.Inference` is what a variant's batch-inference.py gives to the protocol. Downhill from there: `engine` says what an engine
offers; `rows` reads and checks the inputs, `trees` and `layers` the weights of gbdt and mlp; `case` and `models` are what is asked for;
`safetensors` reads files.
Rows are held by `plain` (lists) or `ndarrays` (NumPy, which nothing else here imports).
"""
