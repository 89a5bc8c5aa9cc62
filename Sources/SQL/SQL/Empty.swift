// This part is still empty.
