"""What `make demo` runs: the jobs of the hello and the order example under one client."""

from hello.app import hello
from order.app import fulfil, thank

from mainspring import Client, event_trigger

client = Client("demo")

client.define_job(id=hello.id, trigger=event_trigger("hello.world"), run=hello.fn)
client.define_job(id=fulfil.id, trigger=event_trigger("order.created"), run=fulfil.fn)
client.define_job(id=thank.id, trigger=event_trigger("order.shipped"), run=thank.fn)
