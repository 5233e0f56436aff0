"""Operations that take several requests, and their outcomes by the services' own records."""
