"""What the staff pages of all apps share: rows to look at, questions asked before a deed."""
