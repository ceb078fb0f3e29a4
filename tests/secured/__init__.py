"""What holds behind shut doors: tests on a real Kafka that knows who comes, and what each may do."""
