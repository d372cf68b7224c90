"""Routes by which servers of models are asked, whatever they serve: the name of what answers stands in the URL.

V1 of KServe and TensorFlow Serving: /v1/models/NAME:predict     V2, of KServe, Triton, MLServer: /v2/models/NAME/infer
Seldon: /seldon/NAMESPACE/NAME/api/v1.0/predictions
"""

from __future__ import annotations

import re

_NAME = r"(?P<name>[^/:{}?#\s]+)"
_VERSION = r"(?:/versions/[^/:?#]+)?"
_ASKED = tuple(
    re.compile(pattern + r"/?(?:[?#]|$)")
    for pattern in (
        rf"/v1/models/{_NAME}{_VERSION}:(?:predict|explain|classify|regress)",
        rf"/v2/models/{_NAME}{_VERSION}/(?:infer|explain|generate|generate_stream)",
        rf"/seldon/[^/?#]+/{_NAME}/(?:api/v\d[\d.]*/predictions|v2/models/[^/?#]+/infer)",
    )
)


def asked_by(url: str) -> str:
    """The name of the model or service that a URL asks; empty if it follows none of these protocols.

    >>> asked_by("http://{HOST}:{PORT}/v2/models/eta/infer"), asked_by("http://10.0.0.1/v1/models/eta:predict")
    ('eta', 'eta')
    >>> asked_by("http://{HOST}/seldon/rides/eta/api/v1.0/predictions"), asked_by("http://{HOST}/v2/models/eta/ready")
    ('eta', '')
    """
    # of Seldon's two forms the service's name comes first
    found = next((match for pattern in reversed(_ASKED) if (match := pattern.search(url))), None)
    return found["name"] if found is not None else ""
