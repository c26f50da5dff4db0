"""What the API server knows about built-in kinds: decoding, defaults, preparation, validation.

In: plain JSON data and its kind. Out: the same data with the server's meaning given to it, or a list of field errors.
Never: storage, networking, the clock (ids and addresses come from the caller).
"""
