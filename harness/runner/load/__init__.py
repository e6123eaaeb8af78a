"""The load generator's driver: what it is asked for, what it says, and the process that runs beside a job that serves."""
