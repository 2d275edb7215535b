"""Become a command that cannot outlive the process that started it: `python die_with_parent.py PARENT SIGNAL WHO COMMAND…`.

Run as a script, because what it does must happen in the new process, and a Python function between fork and exec is not
safe in a program with threads. PARENT is the starter's process id, SIGNAL what the kernel sends this process when the
starter (more exactly: the thread that started it) has ended. WHO is `same`, `mapped:UID:GID` (in a user namespace of its
own the command sees itself as that user, and its files stay the caller's) or `other:UID:GID` (it is that user).
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000  # linux/sched.h
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    """Tie this process to its parent, and replace it by the command."""
    parent, orphan_signal, who, *command = sys.argv[1:]

    match who.split(":"):
        case ["mapped", uid, gid]:
            _enter_user_namespace(int(uid), int(gid))
        case ["other", uid, gid]:
            os.setgroups([])
            os.setgid(int(gid))
            os.setuid(int(uid))

    # After the change of identity, which may reset it.
    tie_to_parent(int(parent), int(orphan_signal))
    os.execvp(command[0], command)  # noqa: S606 (the purpose of this script)


def tie_to_parent(parent: int, orphan_signal: int) -> None:
    """Let the kernel send this process the signal when its parent has ended. Ends it if that is so already."""
    _call("prctl", PR_SET_PDEATHSIG, orphan_signal)
    if os.getppid() != parent:
        sys.exit("die_with_parent: the starter is gone already")


def _enter_user_namespace(uid: int, gid: int) -> None:
    caller_uid, caller_gid = os.geteuid(), os.getegid()
    _call("unshare", CLONE_NEWUSER)

    # The kernel lets a group be mapped by an unprivileged writer only once setgroups is denied.
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {caller_uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {caller_gid} 1")


def _call(function: str, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, function)(*(ctypes.c_ulong(argument) for argument in arguments)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")


if __name__ == "__main__":
    main()
