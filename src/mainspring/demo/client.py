"""The shop's client, and what its jobs share: queues and circuit breakers."""

from mainspring import CircuitBreaker, Client, Queue

client = Client("tidewater-goods")

mail = Queue("mail", concurrency=6, rate="120/minute")
payments = Queue("payments", concurrency=20, per_key=1)
exports = Queue("exports", concurrency=1)

gateway = CircuitBreaker("payment-gateway", failures=5, reset="2 minutes")
carrier = CircuitBreaker("carrier-api", failures=4, reset="5 minutes")
