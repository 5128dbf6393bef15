"""Government-service chatbot: finds the service item a resident asks about and answers from the source documents."""
