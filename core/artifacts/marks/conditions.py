"""Which outputs are marked, as conditions for SQL text. `%(account_id)s` is the account."""

from __future__ import annotations

#: An output `artifact` that somebody can still look at.
IS_SHOWN = "artifact.kind = 'output' AND artifact.deleted_at IS NULL"

#: A favourite among them.
IS_FAVOURITE = "artifact.favourite_at IS NOT NULL"

#: One that is on a board, and one that is on this board.
IS_ON_A_BOARD = (
    "artifact.id IN (SELECT placed.artifact_id FROM board_outputs AS placed WHERE placed.account_id = %(account_id)s)"
)
IS_ON_BOARD = (
    "artifact.id IN (SELECT placed.artifact_id FROM board_outputs AS placed WHERE placed.board_id = %(board_id)s)"
)

_OUTPUT_IS = f"""
    job.id IN (
        SELECT artifact.job_id FROM artifacts AS artifact
        WHERE artifact.account_id = %(account_id)s AND {IS_SHOWN} AND {{condition}}
    )
"""  # noqa: S608  (texts of ours)
_NO_OUTPUT_IS = f"""
    NOT EXISTS (
        SELECT FROM artifacts AS artifact WHERE artifact.job_id = job.id AND {IS_SHOWN} AND {{condition}}
    )
"""

#: A job `job` of the account with such an output, and one without.
JOB_HAS_FAVOURITE = _OUTPUT_IS.format(condition=IS_FAVOURITE)
JOB_HAS_NO_FAVOURITE = _NO_OUTPUT_IS.format(condition=IS_FAVOURITE)
JOB_IS_ON_A_BOARD = _OUTPUT_IS.format(condition=IS_ON_A_BOARD)
JOB_IS_ON_NO_BOARD = _NO_OUTPUT_IS.format(condition=IS_ON_A_BOARD)

#: An array for SQL text: the ids of the boards that the output `artifact` is on.
BOARDS_OF_OUTPUT = """
    ARRAY(SELECT placed.board_id FROM board_outputs AS placed WHERE placed.artifact_id = artifact.id ORDER BY placed.board_id)
"""
