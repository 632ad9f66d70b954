"""What korsync costs: whole processes against a sandbox in a process of its own, over real HTTP.

python -m tests.bench [CASE…]
"""
