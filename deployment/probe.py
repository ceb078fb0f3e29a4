"""Ask a health endpoint once: ``python -m deployment.probe URL`` ends with 0 if it answers 200, else tells why."""

import sys
import urllib.error
import urllib.request


def reason(url: str, *, within_seconds: float = 2.0) -> str:
    """Say why ``url`` is not in order; "" where it answers 200 in time."""
    try:
        with urllib.request.urlopen(url, timeout=within_seconds) as answer:  # noqa: S310  the caller's own address
            answer.read()
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.read(200).decode(errors='replace').strip()}"
    except OSError as error:
        return str(error)
    return ""


if __name__ == "__main__":
    if why := reason(sys.argv[1]):
        sys.exit(f"{sys.argv[1]}: {why}")
