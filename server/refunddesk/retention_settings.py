"""The settings of how long what is written, sent and delivered stays."""

from __future__ import annotations

from refunddesk.setting_values import Variable, days

RETENTION_VARIABLES = (
    Variable(
        "REFUNDDESK_KEEP_DELIVERIES_DAYS",
        "keep_deliveries_days",
        "30",
        days,
        "After how many days the bodies of the stores' deliveries are removed.",
    ),
    Variable(
        "REFUNDDESK_KEEP_QUARANTINED_DAYS",
        "keep_quarantined_days",
        "90",
        days,
        "The same for deliveries that wait for a person, whether one came or not.",
    ),
    Variable(
        "REFUNDDESK_KEEP_CASES_DAYS",
        "keep_cases_days",
        "1095",
        days,
        "How many days after its end the texts and files of a case are removed.",
    ),
    Variable(
        "REFUNDDESK_KEEP_NOTICES_DAYS",
        "keep_notices_days",
        "365",
        days,
        "After how many days the reader and the contents of a mail we sent are removed.",
    ),
    Variable(
        "REFUNDDESK_KEEP_SESSIONS_DAYS",
        "keep_sessions_days",
        "30",
        days,
        "How many days sessions, visits and links are kept after they are over.",
    ),
)
