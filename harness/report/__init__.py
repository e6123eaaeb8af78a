"""Renders a session: findings -> words, terminal, JSON; findings + frames -> plots. Takes records, never runs or reads anything."""
