"""Operations: actions that take several calls."""
