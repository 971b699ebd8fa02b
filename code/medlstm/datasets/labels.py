"""Which labels would a careless reader have written?"""

import numpy as np

from medlstm.checks import check_array, check_labels, check_number, generator


def mislabelled(labels, shares, rng, likeness=None):
    """Labels of which a share of each class says the other class.

    Parameters
    ----------
    labels : array of integers (N,)
        True classes, 0 and 1.
    shares : tuple of two floats
        What share of the images of class 0, and of class 1, gets the wrong label; rounded to whole images.
    rng : numpy.random.Generator or int
        Draws them.
    likeness : array (N,), optional
        How much each image looks like its class. With it the wrong labels are drawn among the images that look least
        like theirs alone: among twice as many as are wanted, or all there are.

    Returns
    -------
    array (N,)
        Of the same dtype; `labels` stays as it is.

    Raises
    ------
    TypeError, ValueError
        If an array or a share is not such.
    """
    check_array("labels", labels, ("N",), kind="i")
    check_labels(labels, len(labels), 2, "labels")
    if len(shares) != 2:
        raise ValueError(f"shares: expected two, of class 0 and of class 1, got {len(shares)}; pass such as (0, 0.2)")
    if likeness is not None:
        check_array("likeness", likeness, labels.shape)
    rng, given = generator(rng), labels.copy()
    for label, share in enumerate(shares):
        check_number(f"shares[{label}]", share, "[0, 1]")
        members = np.flatnonzero(labels == label)
        wanted = round(share * len(members))
        if likeness is not None:
            members = members[np.argsort(likeness[members], kind="stable")[: 2 * wanted]]
        given[rng.choice(members, wanted, replace=False)] = 1 - label
    return given
