"""Runs jobs: an Engine starts one, `drive` watches it to its end, `execute` makes the Run of it. Knows no statistic."""
