"""``helm lint``: what is wrong with a chart, or merely unwise, in Helm's words and order.

In: a chart directory as a tree, the user's values. Out: findings. Never prints, never stops at the first fault.
"""
