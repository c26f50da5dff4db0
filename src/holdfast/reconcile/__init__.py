"""One delivery, from what is to what should be.

``state`` observes, ``decide`` chooses, ``run`` acts, ``outcome`` turns results and errors into conditions. Knows every
stage and no dialect.
"""
