"""One module per sort of fault; whatever is registered here is found."""
