"""The kill matrix: korsync dies at every request and every step to the disk, and the books are right all the same.

python -m tests.kill --jobs 2
"""
