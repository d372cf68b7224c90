"""Jinja, read without running it: jinja2's parser makes a tree, and an interpreter of our own walks it.

No name of a template ever reaches Python: values are texts, numbers, lists, mappings and a few structs of ours, what
they can do stands in tables (`builtins`), and everything that is made is counted (`values.Budget`). The unknown is a
value.
"""
