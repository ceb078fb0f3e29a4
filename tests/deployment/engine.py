"""Whether a Docker engine answers here, asked of its own client."""

import shutil
import subprocess


def engine_missing(*command: str) -> str:
    """Say why ``docker COMMAND`` can't be used; "" where it answers."""
    if shutil.which("docker") is None:
        return "there is no docker here"
    done = subprocess.run(["docker", *command], capture_output=True, text=True, check=False, timeout=300)
    return f"docker {' '.join(command)}: {done.stderr.strip()[-120:]}" if done.returncode else ""
