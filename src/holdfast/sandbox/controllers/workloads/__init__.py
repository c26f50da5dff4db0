"""The workload simulator: what a healthy cluster's controllers and kubelets would do, without running anything.

Each module decides for one kind: a pure function from the objects of a ``View`` and the time to a list of ``Action``.
``simulator`` keeps the view from watches, calls the deciders for what changed and carries their actions out.

Annotations on a pod template are knobs for tests of rollouts and health gates (``knobs``).
"""
