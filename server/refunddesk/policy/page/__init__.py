"""The public page of a policy: its clauses in words, with examples that the judge works out."""

from refunddesk.policy.page.content import PageContent as PageContent
from refunddesk.policy.page.content import Publisher as Publisher
from refunddesk.policy.page.content import page_content as page_content
from refunddesk.policy.page.html import content_policy as content_policy
from refunddesk.policy.page.html import page_html as page_html
