"""What the cart asks of the catalog."""

from collections.abc import Sequence

from microservices.messages import ProductRefs, Quote, Quotes
from microservices.peers import Peers


async def quote_products(peers: Peers, product_ids: Sequence[int]) -> dict[int, Quote]:
    """Return today's names and prices by product.  Raises DependencyUnavailable (503)."""
    if not product_ids:
        return {}
    asked = ProductRefs.model_construct(ids=list(product_ids))
    quotes = await peers.call("catalog", "quote_products", asked, Quotes)
    return {quote.id: quote for quote in quotes.items}
