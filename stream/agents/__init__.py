"""The agents: Faust, Kafka and durability around the core, which knows none of them."""
