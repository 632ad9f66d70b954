"""The strength of the tests: a rule of money or stock is changed in one place, and some test has to notice."""
