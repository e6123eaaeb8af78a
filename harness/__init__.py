"""Decides with evidence which language serves which part of an ML pipeline.

cli -> catalog -> plan -> [Job] -> runner(protocol) -> Run -> verify -> store || runs.jsonl || store -> stats -> report
"""

__version__ = "0.1.0"
