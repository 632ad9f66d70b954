"""Simulated shop days: korsync in this process against the sandbox's servers, with a checker that knows everything.

TMPDIR=/dev/shm python -m tests.simulation --days 100 --seed 1
"""
