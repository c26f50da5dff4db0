"""ApplicationSets: parameters from generators, applications from a template, and what becomes of them step by step.

In: a declared set, what is known of the world (``facts``: clusters, trees of repositories, answers of other systems) and
the means to render Go templates. Out: the applications that should be, how they differ from those that are, and the status.
Nothing is fetched here: where a generator needs to know something, it says so, and is run again when that is known.
"""
