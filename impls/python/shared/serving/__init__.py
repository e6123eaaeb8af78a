"""What the Python servers of request-server share: inputs, model, store, the course of a job, and what uvicorn lacks of the contract.

How a body is read and an answer written is each variant's own.
"""
