"""`pointsman prove`: its promises, tried on this machine, with the figures they came to.

One module per group of promises, over the product's own code. Nothing here is needed for the program to work, and
nothing here touches the user's configuration, ledger or endpoints: every check has a directory of its own.
"""
