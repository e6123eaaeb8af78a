ARG PYTHON=python:3.13-slim-trixie
FROM ${PYTHON}
ENV PYTHONPATH=/app PYTHONDONTWRITEBYTECODE=1
COPY *.py /app/
ARG VARIANT
COPY ${VARIANT}/main.py /app/main.py
ENTRYPOINT ["python3", "-S", "/app/main.py"]
