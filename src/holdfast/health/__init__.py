"""An object in, its Health out: built-in rules and custom expressions. Pure.

Comes in: a live object, complete with its status, and rules. Goes out: one of six statuses with a reason. Never happens: a
look at the cluster or the clock (the time is an argument), or an opinion about what to do next.
"""
