"""What a release says: from inputs and rules to the documents that its files hold. Pure."""
