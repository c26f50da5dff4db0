"""The generators: each makes lists of parameter sets out of its specification and what is known of the world.

One module per kind (the source hosts share theirs); ``transform`` knows them all by name, fills nested ones in and filters
what they give. A generator asks ``context.facts`` and never fetches.
"""
