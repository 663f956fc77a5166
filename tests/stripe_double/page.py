"""The hosted payment page."""

from datetime import UTC, datetime
from html import escape
from urllib.parse import urlsplit

from tests.stripe_double.books import Books
from tests.stripe_double.things import DAY, Thing, intervals_after

ZERO_DECIMAL = {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd",
                "vuv", "xaf", "xof", "xpf"}  # fmt: skip

STYLE = """
* { box-sizing: border-box; margin: 0; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1f36; background: #fff; }
main { display: grid; grid-template-columns: 1fr 1fr; min-height: 100vh; }
section { padding: 72px 64px; max-width: 560px; width: 100%; }
.order { background: #f6f8fa; max-width: none; border-right: 1px solid #e3e8ee; }
.order > div { max-width: 420px; margin-left: auto; }
.test { display: inline-block; background: #ffde92; color: #714b0b; font-weight: 600;
  font-size: 12px; letter-spacing: .04em; padding: 2px 8px; border-radius: 4px; }
.test + .quiet, p:has(.test) + .quiet { margin-top: 16px; }
.back { color: #4f566b; text-decoration: none; display: inline-block; margin-bottom: 32px; }
.back:hover { color: #1a1f36; }
.sum { font-size: 40px; font-weight: 650; letter-spacing: -.02em; margin: 4px 0 32px;
  font-variant-numeric: tabular-nums; }
.quiet { color: #697386; }
ul { list-style: none; padding: 0; }
li { display: flex; justify-content: space-between; gap: 24px; padding: 16px 0;
  border-top: 1px solid #e3e8ee; font-variant-numeric: tabular-nums; }
li span:last-child { white-space: nowrap; font-weight: 600; }
small { display: block; color: #697386; font-size: 14px; font-weight: 400; }
h1 { font-size: 20px; margin-bottom: 24px; }
dl { border: 1px solid #e3e8ee; border-radius: 8px; margin-bottom: 24px; }
dl div { display: flex; gap: 16px; padding: 12px 16px; }
dl div + div { border-top: 1px solid #e3e8ee; }
dt { color: #697386; width: 80px; flex: none; }
dd { overflow-wrap: anywhere; }
button { font: inherit; width: 100%; min-height: 48px; border-radius: 8px; cursor: pointer;
  font-weight: 600; border: 1px solid #d5dbe1; background: #fff; color: #3c4257;
  margin-bottom: 12px; }
button.pay { background: #0b5fff; border-color: #0b5fff; color: #fff; }
button:hover { filter: brightness(.95); }
button:focus-visible, a:focus-visible { outline: 3px solid #80b0ff; outline-offset: 2px; }
.no { background: #fff0f0; color: #a41c1c; border-radius: 8px; padding: 12px 16px;
  margin-bottom: 24px; }
@media (max-width: 760px) {
  main { display: block; }
  section { padding: 32px 20px; }
  .order { border-right: 0; border-bottom: 1px solid #e3e8ee; padding-bottom: 16px; }
  .order > div { margin: 0; }
  .back { margin-bottom: 16px; }
  .sum { font-size: 32px; margin-bottom: 16px; }
}
"""


def amount_of(amount: int, currency: str) -> str:
    if currency in ZERO_DECIMAL:
        return f"{amount:,} {currency.upper()}"
    return f"{amount // 100:,}.{amount % 100:02d} {currency.upper()}"


def policy(nonce: str, session: Thing | None = None) -> str:
    """The page's own content policy; a form that ends at the shop needs the shop in it."""
    leads_to = [session["success_url"], session["cancel_url"]] if session else []
    shops = {f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, filter(None, leads_to))}
    return (
        f"default-src 'none'; img-src data:; style-src 'nonce-{nonce}'; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action 'self' {' '.join(sorted(shops))}"
    )


def success_address(session: Thing) -> str:
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def checkout(books: Books, session: Thing, *, nonce: str, is_declined: bool) -> str:
    """Pay, decline, pay later, back; or how the session ended."""
    sum_text = escape(amount_of(session["amount_total"], session["currency"]))
    button = f"Pay {sum_text}"
    renews = _renewal(books, session)
    if renews:
        is_trial = not session["amount_total"]
        button = "Start trial" if is_trial else f"Subscribe for {sum_text}"
    items = "".join(
        f"<li><span>{escape(item['description'])}"
        f"<small>{escape(item.get('detail', ''))}</small>{_quantity(item)}</span>"
        f"<span>{escape(amount_of(item['amount_total'], item['currency']))}</span></li>"
        for item in books.orders[session["id"]]["line_items"]
    )
    back = session["cancel_url"]
    back_link = f'<a class="back" href="{escape(back)}">&larr; Back</a>' if back else ""
    return _document(
        "Checkout",
        nonce,
        f"""<section class="order"><div>
{back_link}
<p><span class="test">TEST DOUBLE</span></p>
<p class="quiet">{"Due today" if renews else "To pay"}</p>
<p class="sum">{sum_text}</p>
<ul>{items}</ul>
{renews}
</div></section>
<section>
{_form(books, session, button, is_declined=is_declined)}
</section>""",
    )


def bill(books: Books, invoice: Thing, *, nonce: str) -> str:
    """A bill's own page: how it stands, and Pay while it is open."""
    sum_text = escape(amount_of(invoice["amount_due"], invoice["currency"]))
    said = {
        "paid": "<h1>Invoice paid</h1>",
        "void": "<h1>This invoice was voided</h1><p>There is nothing to pay.</p>",
        "open": f"""<h1>Pay with another card</h1>
<form method="post"><button class="pay" name="do" value="pay">Pay {sum_text}</button></form>""",
    }.get(invoice["status"], "<h1>This invoice can't be paid</h1>")
    [line] = invoice["lines"]["data"]
    period = f"{_day(line['period']['start'])} to {_day(line['period']['end'])}"
    return _document(
        f"Invoice {escape(invoice['number'] or '')}",
        nonce,
        f"""<section class="order"><div>
<p><span class="test">TEST DOUBLE</span></p>
<p class="quiet">Invoice {escape(invoice["number"] or "")}</p>
<p class="sum">{sum_text}</p>
<ul><li><span>{escape(line["description"] or "")}<small>{period}</small></span>
<span>{sum_text}</span></li></ul>
</div></section>
<section>{said}</section>""",
    )


def _document(title: str, nonce: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<style nonce="{nonce}">{STYLE}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def _renewal(books: Books, session: Thing) -> str:
    """'Then 9.00 USD every month from 5 December 2026 on', '' when nothing is renewed."""
    if session["mode"] != "subscription":
        return ""
    order = books.orders[session["id"]]
    item = order["line_items"][0]
    unit, count = item["recurring"]["interval"], item["recurring"]["interval_count"]
    days = order["subscription"].get("trial_period_days")
    start = books.now() + days * DAY if days else intervals_after(books.now(), unit, count)
    often = unit if count == 1 else f"{count} {unit}s"
    trial = f"{days} days free. " if days else ""
    amount = escape(amount_of(item["amount_total"], item["currency"]))
    return f'<p class="quiet">{trial}Then {amount} every {often} from {_day(start)} on.</p>'


def _day(stamp: int) -> str:
    at = datetime.fromtimestamp(stamp, UTC)
    return f"{at.day} {at:%B %Y}"


def _quantity(item: Thing) -> str:
    return f"<small>Quantity {item['quantity']}</small>" if item["quantity"] > 1 else ""


def _form(books: Books, session: Thing, button: str, *, is_declined: bool) -> str:
    if session["status"] == "expired":
        return "<h1>This payment page has expired</h1><p>Nothing was charged.</p>"
    if session["status"] == "complete":
        to = escape(success_address(session))
        return (
            "<h1>You're all done here</h1><p>Your payment was submitted. "
            f'<a href="{to}">Back to the shop</a></p>'
        )
    declined = (
        '<p class="no" role="alert">Your card was declined. Try another one.</p>'
        if is_declined
        else ""
    )
    later = (
        '<button name="do" value="pay-later">Pay by a method that takes days</button>'
        if books.takes_slow_methods(session)
        else ""
    )
    return f"""<h1>Pay with card</h1>
{declined}
<dl>
<div><dt>E-mail</dt><dd>{escape(session["customer_email"] or "")}</dd></div>
<div><dt>Card</dt><dd>4242 4242 4242 4242</dd></div>
<div><dt>Valid</dt><dd>12 / 34</dd></div>
</dl>
<form method="post">
<button class="pay" name="do" value="pay">{button}</button>
<button name="do" value="decline">Pay with a card that is declined</button>
{later}
</form>"""
