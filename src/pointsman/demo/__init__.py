"""A simulated fleet that speaks the real wire protocols on loopback, with faults on demand.

It never leaves 127.0.0.1 and computes nothing: every answer says that it is simulated.
"""
