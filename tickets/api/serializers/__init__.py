"""What the API of events and tickets answers with and what it takes."""
