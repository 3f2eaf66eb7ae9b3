"""Decisions in words: for the customer and for staff, in English, French and German."""

from refunddesk.policy.wording.catalogue import LANGUAGES as LANGUAGES
from refunddesk.policy.wording.catalogue import Audience as Audience
from refunddesk.policy.wording.catalogue import Language as Language
from refunddesk.policy.wording.explanation import explain as explain
from refunddesk.policy.wording.explanation import say_why as say_why
from refunddesk.policy.wording.said import Explanation as Explanation
