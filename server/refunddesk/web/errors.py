"""The one table of what a refusal means in HTTP, and the JSON in which programs are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint
from werkzeug.exceptions import HTTPException

from refunddesk.services import (
    alarms,
    approval_limits,
    approvals,
    attachments,
    audit,
    backup,
    calling_off,
    case_turns,
    cases,
    checks,
    customer_links,
    customers,
    inbox,
    instants,
    item_deliveries,
    license_import,
    licenses,
    mailing,
    order_home,
    overrides,
    plugins,
    policy_pages,
    quotes,
    reasons,
    receipts,
    refunds,
    releases,
    renewal_home,
    replay,
    requests,
    settling,
    staff,
    staging,
    store_rules,
    stores,
    suspicions,
    tokens,
    work_quotes,
)
from refunddesk.services import desk as pages
from refunddesk.services.refusal import Refusal
from refunddesk.web import auth, bodies, forms, throttle

STATUSES: Mapping[type[Refusal], int] = {
    # the request itself
    bodies.BodyNotJson: 400,
    bodies.BodyTooLarge: 413,
    bodies.WrongContentType: 415,
    bodies.FieldsNotValid: 422,
    forms.FormExpired: 400,
    forms.FormNotUnderstood: 422,
    forms.FormTooLarge: 413,
    order_home.StatementNotMade: 422,
    customer_links.LinkNotValid: 404,
    customer_links.NotForThisVisit: 403,
    customer_links.NoVisit: 401,
    auth.NotSignedIn: 401,
    auth.RoleNotEnough: 403,
    settling.NotAnApprover: 403,
    staff.SignInRefused: 401,
    throttle.TooManyAttempts: 429,
    inbox.BodyEncoded: 415,
    inbox.SignatureMissing: 401,
    inbox.SignatureMismatch: 401,
    # not there
    alarms.NoSuchAlarm: 404,
    approvals.NoSuchApproval: 404,
    attachments.AttachmentGone: 404,
    attachments.NoSuchAttachment: 404,
    cases.NoSuchCase: 404,
    checks.NoSuchCheck: 404,
    work_quotes.NoSuchQuote: 404,
    customers.NoSuchCustomer: 404,
    customers.NoSuchDispute: 404,
    inbox.NoSuchDelivery: 404,
    inbox.NoSuchEndpoint: 404,
    licenses.LicenseNotKnown: 404,
    receipts.NoReceipt: 404,
    receipts.NoSuchActivation: 404,
    suspicions.NoSuchSuspicion: 404,
    licenses.NoSuchLicense: 404,
    mailing.NoSuchNotice: 404,
    pages.NothingHere: 404,
    policy_pages.NoPolicyPage: 404,
    plugins.NoSuchPluginVersion: 404,
    releases.NoSuchRelease: 404,
    requests.NoSuchOrder: 404,
    requests.NoSuchRequest: 404,
    settling.NoSuchRefund: 404,
    tokens.NoSuchPerson: 404,
    staff.NoSuchStaff: 404,
    stores.NoEndpointForTopic: 404,
    staging.NoSuchPattern: 404,
    stores.NoSuchStore: 404,
    tokens.NoSuchToken: 404,
    # there, but not as it is now
    alarms.AlarmClearsItself: 409,
    backup.BackupThereAlready: 409,
    backup.DatabaseNotAFile: 409,
    backup.DatabaseUnreadable: 409,
    backup.DeskStillRunning: 409,
    attachments.CaseFull: 409,
    calling_off.NoSubscription: 404,
    calling_off.PaymentNotStuck: 409,
    calling_off.SubscriptionEnded: 409,
    renewal_home.NotRenewal: 409,
    case_turns.CaseEnded: 409,
    case_turns.CaseMovedOn: 409,
    case_turns.CaseNotEnded: 409,
    case_turns.FindingKnown: 409,
    item_deliveries.DeliveredAlready: 409,
    work_quotes.QuoteAlreadyOpen: 409,
    work_quotes.QuoteAnswered: 409,
    work_quotes.QuoteOver: 409,
    work_quotes.WorkIsFree: 409,
    customers.InfringementAlreadyOpen: 409,
    customers.NoOpenInfringement: 409,
    inbox.DeliveryNotQuarantined: 409,
    inbox.DeliveryStillUnusable: 409,
    licenses.LicenseEnded: 409,
    licenses.LicenseGivenUp: 409,
    licenses.SitesLimitReached: 409,
    quotes.OrderNotQuotable: 409,
    mailing.NoMailServer: 409,
    mailing.NoticeNotToBeSentAgain: 409,
    refunds.NothingLeftToRefund: 409,
    refunds.RefundAlreadyGranted: 409,
    refunds.TaxWithoutRate: 409,
    requests.OrderGone: 409,
    requests.OrderNotPaid: 409,
    requests.RequestAlreadyOpen: 409,
    requests.RequestKeyReused: 409,
    requests.RequestSettled: 409,
    settling.RefundNotInReview: 409,
    settling.RefundStillInStore: 409,
    approvals.ApprovalSettled: 409,
    approvals.ApprovalVoid: 409,
    approvals.NotASecondPerson: 409,
    overrides.DecisionMovedOn: 409,
    overrides.OtherRequestOpen: 409,
    overrides.RefundUnderWay: 409,
    settling.SecondPersonNeeded: 409,
    settling.TooSoonToPayAgain: 409,
    staff.StaffAlreadyThere: 409,
    stores.EndpointKnownAlready: 409,
    stores.StoreKnownAlready: 409,
    suspicions.SuspicionSettled: 409,
    # understood, and cannot be
    attachments.AttachmentNotTaken: 422,
    cases.BelongsToPlatform: 422,
    cases.ProductNotOfOrder: 422,
    cases.SiteHealthUnreadable: 422,
    case_turns.SaidTooEarly: 422,
    item_deliveries.NotCustomization: 422,
    work_quotes.QuoteNotValid: 422,
    customers.ChangeIncomplete: 422,
    customers.DisputeContradiction: 422,
    instants.InstantInFuture: 422,
    license_import.LicensesNotImported: 422,
    licenses.SiteNotUsable: 422,
    plugins.PluginZipRefused: 422,
    releases.ReleaseRefused: 422,
    requests.AskedBeforePayment: 422,
    requests.CaseOfAnotherOrder: 422,
    requests.SubscriptionIsNotAnOrder: 422,
    overrides.OverrideNotValid: 422,
    approval_limits.LimitNotValid: 422,
    reasons.ReasonMissing: 422,
    reasons.ReasonTooLong: 422,
    audit.AnchorUnreadable: 422,
    backup.BackupUnusable: 422,
    staff.PasswordUnfit: 422,
    replay.NoRecordings: 422,
    receipts.ReceiptBroken: 422,
    staging.PatternNotValid: 422,
    stores.ItemRuleNotValid: 422,
    store_rules.StoreRuleNotValid: 422,
    stores.StoreNotValid: 422,
    stores.TopicNotValid: 422,
    # not now: somebody else does not answer
    backup.BackupNotMade: 503,
    backup.BackupNotRestored: 503,
    inbox.InboxUnreachable: 503,
    policy_pages.PolicyUnreadable: 503,
    replay.DeskNotAnswering: 502,
    stores.StoreNotAnswering: 502,
}


def answer_in_json(blueprint: Blueprint) -> None:
    """Have the blueprint's refusals answered as {"error": code, "message": sentence}."""
    blueprint.register_error_handler(Refusal, _refused)
    blueprint.register_error_handler(HTTPException, _failed)


def _refused(refusal: Refusal) -> tuple[dict[str, str], int, dict[str, str]]:
    status = STATUSES[type(refusal)]
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if isinstance(refusal, throttle.TooManyAttempts):
        headers["Retry-After"] = str(refusal.retry_after)
    return {"error": refusal.code, "message": str(refusal)}, status, headers


def _failed(error: HTTPException) -> Any:
    if error.code is None or error.response is not None:
        return error
    name = (error.name or "error").lower().replace(" ", "_")
    return {"error": name, "message": error.description or error.name}, error.code
