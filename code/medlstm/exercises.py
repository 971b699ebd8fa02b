"""What does a check tell the reader?"""


def check(condition, message):
    """Say "Right." if `condition` holds; otherwise stop with the line of thought that led astray.

    Parameters
    ----------
    condition : bool
        What a right answer makes true.
    message : str
        Shown when it is not.

    Raises
    ------
    AssertionError
        With `message`.
    """
    if not condition:
        raise AssertionError(message)
    print("Right.")
