"""Swift's toolchain for the programs that ask it something; and how they end."""

import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def fail(message):
    sys.exit(f"error: {message}")


def swift(*arguments):
    """What the command prints."""
    if not shutil.which("swift"):
        fail("there is no swift in the PATH: install Swift's toolchain, or add its usr/bin")
    done = subprocess.run(["swift", *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "it says nothing").splitlines()[-1]
        fail(f"'swift {' '.join(arguments)}' ended with {done.returncode}: {last}")
    return done.stdout.strip()


def compiler():
    """The line by which the compiler names itself."""
    return (swift("--version").splitlines() or ["unknown"])[0].strip()
